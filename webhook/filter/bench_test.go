package filter

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// scale is the number of events that the figures of the benchmarks are for:
// one operation is one scan of all of them.
const scale = 100_000

func BenchmarkRows(b *testing.B) {
	rows := make([]Row, scale)
	for i := range rows {
		rows[i] = Row{
			ID: webhook.ID(i + 1), Type: []string{"ContactCreate", "TaskComplete", "InvoiceVoid"}[i%3],
			ReceivedAt: noon.Add(-time.Duration(i) * time.Second), BodySize: 2048, Verdict: webhook.Valid, Attempts: 1,
			LastStatus: []int{200, 500, 429}[i%3], LastDuration: time.Duration(i) * time.Microsecond,
			Outcome: webhook.Outcome{Answer: webhook.Answer{Status: 429, RetryAt: noon}},
		}
	}
	for _, text := range []string{
		"status:5xx", "type:Contact*", "state:failed|retrying", "since:1h",
		"(type:*Create or is:slow) status:429|5xx !state:delivered dur:>5ms size:>1k id:10.. verdict:valid",
	} {
		b.Run(name(text), func(b *testing.B) {
			f := mustParse(b, text)
			b.ReportAllocs()
			for b.Loop() {
				s := f.At(noon, workers)
				for i := range rows {
					if s.Row(&rows[i]) == Unknown {
						b.Fatal("rows do not decide")
					}
				}
			}
		})
	}
}

// bodies are different events of 2 KB.
func bodies() [][]byte {
	all := make([][]byte, 1000)
	for i := range all {
		var b strings.Builder
		fmt.Fprintf(&b, `{"type":"ContactCreate","webhookId":"3f2a-%d","data":{"id":%d,"email":"jane.%d@example.com","tags":["a","b"]`, i, i, i)
		for j := 0; b.Len() < 2000; j++ {
			fmt.Fprintf(&b, `,"customField%d":{"label":"Second Address of %d","value":%d.5,"enabled":true}`, j, i, j*i)
		}
		b.WriteString("}}")
		all[i] = []byte(b.String())
	}
	return all
}

func BenchmarkBodies(b *testing.B) {
	all := bodies()
	for _, text := range []string{
		"body:jane.77@", "body:nowhere", "body:eeee", "body:Süd", "body:müde", "nowhere",
		`.data.email == "jane.77@example.com"`, `jq:(length == 9)`, `jq:(any(.data[]; .value? == 77.5))`,
	} {
		b.Run(name(text), func(b *testing.B) {
			f := mustParse(b, text)
			e := contact()
			r := RowOf(&e.Summary)
			b.ReportAllocs()
			for b.Loop() {
				s := f.At(noon, workers)
				for i := range scale {
					e.body = all[i%len(all)]
					if _, err := s.Match(&r, e); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// name is a text as the name of a benchmark.
func name(text string) string {
	return strings.NewReplacer(" ", "_", "/", "_").Replace(text)
}

func BenchmarkParse(b *testing.B) {
	const text = `(type:Contact* or jane) status:5xx|429 since:1h !is:duplicate (.data.email == "x")`
	for b.Loop() {
		mustParse(b, text)
	}
}
