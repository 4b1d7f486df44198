package taskee

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/jsjson"
)

// names are all types of events that the platform documents.
const names = `AppInstall AppPaymentStatus AppUninstall AppUpdate AppointmentCreate AppointmentDelete AppointmentUpdate
AssociationCreate AssociationDelete AssociationUpdate CampaignStatusUpdate ContactCreate ContactDelete ContactDndUpdate
ContactTagUpdate ContactUpdate ConversationUnreadWebhook ConversationUpdate ExternalAuthConnected InboundMessage
InvoiceCreate InvoiceDelete InvoicePaid InvoicePartiallyPaid InvoiceSent InvoiceUpdate InvoiceVoid KnowledgeBaseCreate
KnowledgeBaseDelete KnowledgeBaseFaqChange KnowledgeBaseFileChange KnowledgeBaseRichTextChange
KnowledgeBaseTableFileChange KnowledgeBaseTrainedUrlChange KnowledgeBaseUpdate LCEmailStats LocationCreate LocationUpdate
NoteCreate NoteDelete NoteUpdate ObjectSchemaCreate ObjectSchemaUpdate OpportunityAssignedToUpdate OpportunityCreate
OpportunityDelete OpportunityMonetaryValueUpdate OpportunityStageUpdate OpportunityStatusUpdate OpportunityUpdate
OrderCreate OrderStatusUpdate OutboundMessage PlanChange PriceCreate PriceDelete PriceUpdate ProductCreate ProductDelete
ProductUpdate ProviderOutboundMessage RecordCreate RecordDelete RecordUpdate RelationCreate RelationDelete SaaSPlanCreate
SupportTicketCreate SupportTicketDelete SupportTicketUpdate TaskComplete TaskCreate TaskDelete UserCreate UserDelete
UserUpdate VoiceAiCallEnd`

func TestTheCatalogueIsComplete(t *testing.T) {
	all := Catalogue()
	var got []string
	for _, e := range all {
		got = append(got, e.Name)
		if e.WireType == "" || e.Category == "" || e.Description == "" || strings.HasSuffix(e.Description, ".") {
			t.Errorf("%+v", e)
		}
	}
	if want := strings.Fields(names); !slices.Equal(got, want) {
		t.Errorf("types %s, want %s", got, want)
	}
	all[0].Name = "changed"
	if Catalogue()[0].Name == "changed" {
		t.Error("a caller can change the catalogue")
	}
}

func TestLookUp(t *testing.T) {
	tests := []struct{ name, want string }{
		{"ContactCreate", "ContactCreate"},
		{"contactcreate", "ContactCreate"},
		{"INSTALL", "AppInstall"},
		{"uninstall", "AppUninstall"},
		{"UPDATE", "AppUpdate"},
		{"PLAN_CHANGE", "PlanChange"},
		{"ConversationUnreadUpdate", "ConversationUnreadWebhook"},
		{"sms", "ProviderOutboundMessage"},
		{"ContactCraete", ""}, {"", ""}, {"Contact", ""},
	}
	for _, tt := range tests {
		got, ok := LookUp(tt.name)
		if got.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("LookUp(%q) = %s, %t, want %s", tt.name, got.Name, ok, tt.want)
		}
	}
}

func TestNearest(t *testing.T) {
	tests := []struct{ name, want string }{
		{"ContactCraete", "ContactCreate"},
		{"contact.created", "ContactCreate"},
		{"contact_create", "ContactCreate"},
		{"ContactCreate", "ContactCreate"},
		{"OpportunityStausUpdate", "OpportunityStatusUpdate"},
		{"INSTAL", "INSTALL"},
		{"InvoicePayed", "InvoicePaid"},
		{"Tarantula", ""}, {"", ""}, {"x", ""}, {"???", ""}, {"日本語", ""},
		{strings.Repeat("ContactCreate", 100_000), ""},
	}
	for _, tt := range tests {
		if got := Nearest(tt.name); got != tt.want {
			t.Errorf("Nearest(%.40q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

var (
	at        = time.Date(2026, 3, 29, 1, 30, 15, 7_999_999, time.FixedZone("", -5*3600))
	sentText  = "2026-03-29T06:30:15.007Z"
	webhookID = "0f8fad5b-d9cb-469f-a165-70867728950e"
)

func TestEverySampleIsAnEventOfItsType(t *testing.T) {
	for _, e := range Catalogue() {
		for _, shape := range []Shape{ShapeFlat, ShapeNested} {
			t.Run(e.Name+"/"+string(shape), func(t *testing.T) {
				body := e.Sample(Sample{WebhookID: webhookID, At: at, Shape: shape})
				again, err := jsjson.Stringify(body)
				if err != nil || !bytes.Equal(again, body) {
					t.Errorf("JSON.stringify writes %s for %s: %v", again, body, err)
				}
				want := Fields{e.WireType, webhookID, at.UTC().Truncate(time.Millisecond), sampleLocationID}
				if got := Parse(body); got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
				for _, field := range []string{"type", "timestamp", "webhookId"} {
					if _, ok := jsjson.Find(body, field); !ok {
						t.Errorf("no %s in %s", field, body)
					}
				}
				if raw, ok := jsjson.Find(body, "data"); ok != (shape == ShapeNested) || ok && bytes.Count(raw, []byte(":")) < 2 {
					t.Errorf("data is %s", raw)
				}
				if raw, _ := jsjson.Find(body, "timestamp"); string(raw) != `"`+sentText+`"` {
					t.Errorf("timestamp %s", raw)
				}
				checkContent(t, body)
			})
		}
	}
}

// content are the rules by which samples fit together and name no real person:
// addresses and numbers that are reserved for examples, one location, one
// contact. Each applies to all that the group of its pattern finds.
var content = []struct {
	name    string
	pattern *regexp.Regexp
	ok      func(found string) bool
}{
	{"address", regexp.MustCompile(`([\w.+-]+@[\w.-]+)`), func(s string) bool { return strings.HasSuffix(s, "@example.com") }},
	{"host", regexp.MustCompile(`https?://([^/"]+)`), func(s string) bool { return s == "example.com" || strings.HasSuffix(s, ".example.com") }},
	{"phone number", regexp.MustCompile(`"(\+[0-9-]+)"`), func(s string) bool { return strings.HasPrefix(s, "+120255501") }},
	{"time", regexp.MustCompile(`"([0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*)"`), func(s string) bool { _, err := time.Parse(isoMilliseconds, s); return err == nil }},
	{"location", regexp.MustCompile(`"(?:locationId|altId)":"([^"]*)"`), func(s string) bool { return s == sampleLocationID }},
	{"contact", regexp.MustCompile(`"contactId":"([^"]*)"`), func(s string) bool { return s == "nmFmQEsNgz6AVpgLVUJ0" }},
}

func checkContent(t *testing.T, body []byte) {
	t.Helper()
	for _, rule := range content {
		for _, m := range rule.pattern.FindAllStringSubmatch(string(body), -1) {
			if !rule.ok(m[1]) {
				t.Errorf("%s %s", rule.name, m[1])
			}
		}
	}
	if placeholderLeft.Match(body) {
		t.Errorf("a placeholder is left in %s", body)
	}
}

var placeholderLeft = regexp.MustCompile(`"\{(at|date|unix)`)

func TestTimesOfASampleAreAroundItsOwn(t *testing.T) {
	find := func(name, path string) string {
		e, _ := LookUp(name)
		raw, _ := jsjson.Find(e.Sample(Sample{At: at}), path)
		return string(raw)
	}
	for _, tt := range []struct{ name, path, want string }{
		{"ContactCreate", "dateAdded", `"` + sentText + `"`},
		{"AppointmentCreate", "appointment.startTime", `"2026-04-01T06:30:15.007Z"`},
		{"InvoiceSent", "issueDate", `"2026-03-27"`},
		{"LCEmailStats", "webhookPayload.timestamp", "1774765813"},
	} {
		if got := find(tt.name, tt.path); got != tt.want {
			t.Errorf("%s of %s is %s, want %s", tt.path, tt.name, got, tt.want)
		}
	}
}

func TestASampleOfItsOwn(t *testing.T) {
	e, _ := LookUp("ContactCreate")
	before := time.Now().Add(-time.Millisecond)
	a, b := Parse(e.Sample(Sample{})), Parse(e.Sample(Sample{}))
	if a.WebhookID == b.WebhookID || !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(a.WebhookID) {
		t.Errorf("webhookIds %s and %s", a.WebhookID, b.WebhookID)
	}
	if a.SentAt.Before(before) || a.SentAt.After(time.Now()) {
		t.Errorf("sent at %s", a.SentAt)
	}
	odd := e.Sample(Sample{WebhookID: "\"</script>\u2028\n"})
	if again, err := jsjson.Stringify(odd); err != nil || !bytes.Equal(again, odd) || Parse(odd).WebhookID != "\"</script>\u2028\n" {
		t.Errorf("%s, %v", odd, err)
	}
	if body := (EventType{Name: "Mine"}).Sample(Sample{}); body != nil {
		t.Errorf("a type without a sample has %s", body)
	}
}

// TestFieldsAreWhatAppsExpect looks at a few samples as the family's documents
// have them.
func TestFieldsAreWhatAppsExpect(t *testing.T) {
	for name, fields := range map[string]string{
		"ContactCreate":     "id email phone firstName lastName tags customFields dnd",
		"OpportunityCreate": "id contactId monetaryValue pipelineId pipelineStageId status",
		"InvoicePaid":       "_id status total amountPaid amountDue invoiceItems contactDetails",
		"TaskComplete":      "id contactId title dueDate assignedTo",
		"InboundMessage":    "body contactId conversationId direction messageType",
		"AppInstall":        "companyId userId planId trial",
	} {
		e, _ := LookUp(name)
		var m map[string]any
		if err := json.Unmarshal(e.Sample(Sample{}), &m); err != nil {
			t.Fatal(err)
		}
		for f := range strings.FieldsSeq(fields) {
			if _, ok := m[f]; !ok {
				t.Errorf("%s has no %s", name, f)
			}
		}
	}
}
