package filter

// Term is a row of the language's reference.
type Term struct {
	Syntax  string // how it is written
	Meaning string // what it selects
	Example string // a filter that uses it
}

// Reference returns the language as a table, in the order people read it.
func Reference() []Term {
	terms := []Term{
		{"TEXT", "a text in the type, the webhookId, the path or the body, in any case", "jane@example.com"},
	}
	for _, f := range fields {
		terms = append(terms, Term{f.name + ":" + f.forms, f.meaning, f.example})
	}
	return append(terms,
		Term{".JQ", "a jq expression on the body's JSON that yields anything but false and null; it runs to the end of the text, or of the parentheses around it",
			`.data.email == "jane@example.com"`},
		Term{"jq:(JQ)", `any jq expression; jq:"JQ" and jq:JQ to the end as well`, "jq:(any(.tags[]?; . == \"vip\")) status:5xx"},
		Term{"A B", "both hold; A and B is the same", "type:Contact* status:5xx"},
		Term{"A or B", "one of them holds; it binds looser than and", "status:5xx or is:slow"},
		Term{"X|Y", "either of two values, wherever a value stands", "status:429|none"},
		Term{"!A", "A does not hold; not A is the same", "!is:duplicate"},
		Term{"(A)", "parentheses group", "(status:5xx or is:slow) since:1h"},
		Term{`"…"`, `quotes make spaces, wildcards, bars, parentheses and keywords literal; \" and \\ within`, `"or else" body:"a | b"`},
	)
}

// States returns the words of state: with their meanings.
func States() []Term { return words("state:", states[:]) }

// Traits returns the words of is: with their meanings.
func Traits() []Term { return words("is:", traitValues()) }

func words(field string, values []value) []Term {
	terms := make([]Term, len(values))
	for i, v := range values {
		terms[i] = Term{field + v.name, v.meaning, field + v.name}
	}
	return terms
}
