package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
)

// input is the body of a create, update or upsert. texts has a text field that
// was sent, also when it was null: it is emptied then.
type input struct {
	id         string // of fixtures alone
	locationID string
	texts      map[string]string
	tags       []string
	hasTags    bool
	more       map[string]json.RawMessage
	wrong      []string // what is not of its type
}

// maxDepth is how deep the JSON of a body may nest.
const maxDepth = 32

// errNotJSON is returned for a body that is not a JSON object.
var errNotJSON = errors.New("request body is not valid JSON")

// readInput reads a body. The error is about its form; what is wrong with a
// field's type is in wrong.
func readInput(body []byte) (*input, error) {
	if !utf8.Valid(body) {
		return nil, errNotJSON
	}
	if err := checkDepth(body); err != nil {
		return nil, err
	}
	var fields fieldSet
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, errNotJSON
	}
	in := &input{texts: map[string]string{}, more: map[string]json.RawMessage{}}
	if raw, has := fields.pop("locationId"); has {
		in.text("locationId", raw, &in.locationID)
	}
	if raw, has := fields.pop("id"); has {
		_ = json.Unmarshal(raw, &in.id)
	}
	for _, f := range textFields {
		var value string
		if raw, has := fields.pop(f.name); has && in.text(f.name, raw, &value) {
			in.texts[f.name] = value
		}
	}
	if raw, has := fields.pop("name"); has {
		in.name(raw)
	}
	if raw, has := fields.pop("tags"); has {
		in.hasTags = true
		in.readTags(raw)
	}
	for _, name := range moreFields {
		if raw, has := fields.pop(name); has {
			in.more[name] = raw
		}
	}
	fields.pop("createNewIfDuplicateAllowed")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		in.wrong = append(in.wrong, fmt.Sprintf("property %.64s should not exist", strings.ToValidUTF8(name, "\ufffd")))
	}
	return in, nil
}

// fieldSet are the fields of a body that have not been read yet: what is left
// in the end is misspelled.
type fieldSet map[string]json.RawMessage

func (f fieldSet) pop(name string) (json.RawMessage, bool) {
	raw, has := f[name]
	delete(f, name)
	return raw, has
}

// text reads a field that holds a text or null.
func (in *input) text(name string, raw json.RawMessage, into *string) bool {
	if string(raw) == "null" {
		return true
	}
	if json.Unmarshal(raw, into) != nil {
		in.wrong = append(in.wrong, name+" must be a string")
		return false
	}
	*into = strings.TrimSpace(*into)
	return true
}

// name splits the family's full name unless its parts were sent.
func (in *input) name(raw json.RawMessage) {
	var full string
	if !in.text("name", raw, &full) {
		return
	}
	_, first := in.texts["firstName"]
	_, last := in.texts["lastName"]
	if !first && !last {
		in.texts["firstName"], in.texts["lastName"], _ = strings.Cut(full, " ")
	}
}

func (in *input) readTags(raw json.RawMessage) {
	if string(raw) == "null" {
		return
	}
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		in.wrong = append(in.wrong, "tags must be an array")
		return
	}
	for _, one := range all {
		var tag string
		if string(one) == "null" || json.Unmarshal(one, &tag) != nil {
			in.wrong = append(in.wrong, "each value in tags must be a string")
			return
		}
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(in.tags, tag) {
			in.tags = append(in.tags, tag)
		}
	}
}

// checkDepth refuses what is not JSON, and what nests too deep.
func checkDepth(body []byte) error {
	for r := jsjson.NewReader(body); ; {
		t, err := r.Next()
		switch {
		case err != nil:
			return errNotJSON
		case t.Kind == jsjson.EndOfText:
			return nil
		case r.Depth() > maxDepth:
			return fmt.Errorf("request body nests deeper than %d levels", maxDepth)
		}
	}
}

var (
	emailForm = regexp.MustCompile(`^[^\s@<>(),;:\\"\[\]\x00-\x1f\x7f]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$`)
	phoneForm = regexp.MustCompile(`^\+[0-9]{2,15}$`)
	idForm    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

func validID(id string) bool { return idForm.MatchString(id) }

// check returns everything that is wrong with the body, in the order of the
// document's fields. A create needs a location.
func (in *input) check(needsLocation bool) []string {
	wrong := slices.Clone(in.wrong)
	say := func(bad bool, what string) {
		if bad {
			wrong = append(wrong, what)
		}
	}
	complained := slices.Contains(wrong, "locationId must be a string")
	say(needsLocation && !complained && in.locationID == "", "locationId should not be empty")
	say(needsLocation && in.locationID != "" && !validID(in.locationID), "locationId must be a valid id")
	email, phone, country := in.texts["email"], in.texts["phone"], in.texts["country"]
	say(email != "" && (len(email) > 254 || !emailForm.MatchString(email)), "email must be an email")
	say(phone != "" && !phoneForm.MatchString(phone), "phone must be a valid phone number in E.164 format")
	say(country != "" && !taskee.IsCountry(country), "country must be a valid ISO31661 Alpha2 code")
	say(in.texts["businessId"] != "" && !validID(in.texts["businessId"]), "businessId must be a valid id")
	return wrong
}

// apply puts what was sent into a contact.
func (in *input) apply(c *Contact) {
	for _, f := range textFields {
		if value, has := in.texts[f.name]; has {
			*f.of(c) = value
		}
	}
	if in.hasTags {
		c.Tags = slices.Clone(in.tags)
	}
	if len(in.more) == 0 {
		return
	}
	more := map[string]json.RawMessage{} // c may be a copy of another contact
	maps.Copy(more, c.More)
	maps.Copy(more, in.more)
	maps.DeleteFunc(more, func(_ string, raw json.RawMessage) bool { return string(raw) == "null" })
	c.More = more
}
