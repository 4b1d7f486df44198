package inspector

import "testing"

func BenchmarkView(b *testing.B) {
	d := drive(b, many(100_000), 160, 50, Options{})
	d.press("down")
	b.ReportAllocs()
	for b.Loop() {
		d.m.fresh = false
		_ = d.m.View()
	}
}

func BenchmarkUpdateAndView(b *testing.B) {
	d := drive(b, many(100_000), 160, 50, Options{})
	keys := []string{"down", "up"}
	d.press("down", "down")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.m.Update(keyPress(keys[i%2]))
		_ = d.m.View()
	}
}
