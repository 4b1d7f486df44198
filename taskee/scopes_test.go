package taskee

import (
	"slices"
	"testing"
)

func TestEveryCategoryOfEventsHasItsScopeOrNeedsNone(t *testing.T) {
	free := []string{"App lifecycle", "Support ticket"}
	for _, e := range Catalogue() {
		if none := slices.Contains(free, e.Category); (e.Scope() == "") != none {
			t.Errorf("%s of the category %s has the scope %q", e.Name, e.Category, e.Scope())
		}
		if e.Scope() != "" && !slices.Contains(Scopes(), e.Scope()) {
			t.Errorf("the scope %q of %s is none of all", e.Scope(), e.Name)
		}
	}
	if e, _ := LookUp("ContactCreate"); e.Scope() != ScopeContactsReadonly {
		t.Errorf("ContactCreate has the scope %q", e.Scope())
	}
}

func TestScopesAreSortedAndEachIsThereOnce(t *testing.T) {
	all := Scopes()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("they are %v", all)
	}
	for _, scope := range []string{ScopeContactsReadonly, ScopeContactsWrite, ScopeLocationsReadonly} {
		if !slices.Contains(all, scope) {
			t.Errorf("%s is missing", scope)
		}
	}
	all[0] = "changed"
	if Scopes()[0] == "changed" {
		t.Error("the slice is shared")
	}
}
