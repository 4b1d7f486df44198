package retry

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// platform is the policy of the guide with our jitter.
var platform = Policy{
	Name: "taskee", MaxRetries: 6, Interval: 10 * time.Minute,
	JitterMin: 5 * time.Second, JitterMax: 2 * time.Minute,
	Statuses: []Range{{429, 429}},
}

// anyPolicy draws a policy within the limits.
var anyPolicy = rapid.Custom(func(t *rapid.T) Policy {
	seconds := func(name string, low, high int64) time.Duration {
		return time.Duration(rapid.Int64Range(low*1e9, high*1e9).Draw(t, name))
	}
	p := Policy{
		Name:       rapid.StringMatching(`[a-z]{0,12}`).Draw(t, "name"),
		MaxRetries: rapid.IntRange(0, 12).Draw(t, "maxRetries"),
		Interval:   seconds("interval", 0, 3600),
		Factor:     rapid.SampledFrom([]float64{0, 1, 1.5, 2, 10}).Draw(t, "factor"),
		JitterMin:  seconds("jitterMin", 0, 60),
		OnError:    rapid.Bool().Draw(t, "onError"),
	}
	p.MaxInterval = p.Interval + seconds("maxInterval", 1, 86400)
	p.JitterMax = p.JitterMin + seconds("jitterMax", 0, 600)
	p.Statuses = rapid.SampledFrom([][]Range{{{429, 429}}, {{500, 599}}, {{408, 408}, {429, 429}, {502, 504}}, {{300, 599}}}).Draw(t, "statuses")
	return p
})

func TestTheGapsOfAPlanAreWithinTheBoundsOfThePolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, seed := anyPolicy.Draw(t, "policy"), rapid.Uint64().Draw(t, "seed")
		s := Plan(p, seed)
		if len(s) != p.MaxRetries+1 || s[0] != 0 {
			t.Fatalf("%d sends, the first at %v; want %d from 0", len(s), s[0], p.MaxRetries+1)
		}
		for n := 2; n <= len(s); n++ {
			if low, high := p.Bounds(n - 1); s.Gap(n) < low || s.Gap(n) > high {
				t.Fatalf("gap before send %d is %v, want %v to %v", n, s.Gap(n), low, high)
			}
		}
	})
}

func TestTheSameSeedGivesTheSamePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, seed := anyPolicy.Draw(t, "policy"), rapid.Uint64().Draw(t, "seed")
		if first, again := Plan(p, seed), Plan(p, seed); !slices.Equal(first, again) {
			t.Fatalf("%v, then %v", first, again)
		}
	})
	if slices.Equal(Plan(platform, 1), Plan(platform, 2)) {
		t.Error("two seeds give the same plan")
	}
}

// TestThePlanOfASeedNeverChanges pins plans to the nanosecond: people write
// seeds down.
func TestThePlanOfASeedNeverChanges(t *testing.T) {
	var got []byte
	for _, seed := range []uint64{0, 1, 42, 1 << 63} {
		got = fmt.Appendln(got, seed, Plan(platform, seed))
	}
	growing := platform
	growing.Factor, growing.MaxInterval = 1.7, time.Hour
	got = fmt.Appendln(got, "growing 42", Plan(growing, 42))
	want, err := os.ReadFile(filepath.Join("testdata", "plans.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("plans are\n%swant\n%s", got, want)
	}
}

// TestTheJitterIsUniform counts 60,000 draws of 10,000 seeds in 20 equal
// parts; the draws are fixed, so the test cannot fail by chance.
func TestTheJitterIsUniform(t *testing.T) {
	const parts = 20
	var first, all [parts]float64
	width := platform.JitterMax - platform.JitterMin
	for seed := range uint64(10_000) {
		s := Plan(platform, seed)
		for n := 2; n <= len(s); n++ {
			jitter := s.Gap(n) - platform.Interval - platform.JitterMin
			part := min(int(jitter*parts/width), parts-1)
			all[part]++
			if n == 2 {
				first[part]++
			}
		}
	}
	for name, counts := range map[string][parts]float64{"the first retry": first, "all retries": all} {
		total, chi2 := 0.0, 0.0
		for _, c := range counts {
			total += c
		}
		for _, c := range counts {
			d := c - total/parts
			chi2 += d * d / (total / parts)
		}
		if chi2 > 43.8 { // 19 degrees of freedom, one in a thousand
			t.Errorf("%s: chi squared is %.1f: %v", name, chi2, counts)
		}
	}
}

func TestAPolicyIsPlannedWithinLimits(t *testing.T) {
	tests := []struct {
		name   string
		policy Policy
		sends  int
	}{
		{"no policy at all sends once", Policy{}, 1},
		{"negative retries send once", Policy{MaxRetries: -3}, 1},
		{"endless retries end", Policy{MaxRetries: 1 << 30, Interval: 1 << 62, Factor: 1e300, JitterMax: 1 << 62}, 101},
		{"bounds the wrong way round", Policy{MaxRetries: 1, JitterMin: time.Minute, JitterMax: -time.Hour}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Plan(tt.policy, 1)
			if len(s) != tt.sends || !slices.IsSorted(s) {
				t.Errorf("plan of %d sends, want %d in order: %v", len(s), tt.sends, s)
			}
			if got := s.Gap(0) + s.Gap(1) + s.Gap(len(s)+1); got != 0 {
				t.Errorf("gaps that are not on the schedule are %v in all", got)
			}
		})
	}
}

func TestTheIntervalGrowsByItsFactorUpToItsLimit(t *testing.T) {
	p := Policy{MaxRetries: 5, Interval: time.Minute, Factor: 2, MaxInterval: 5 * time.Minute, JitterMax: time.Second}
	for n, minutes := range []float64{1, 2, 4, 5, 5} {
		low, high := p.Bounds(n + 1)
		if low.Minutes() != minutes || high != low+time.Second {
			t.Errorf("retry %d comes after %v to %v, want %v min and up to a second", n+1, low, high, minutes)
		}
	}
	p.Statuses = []Range{{429, 429}}
	at := time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)
	if got, want := p.Next(3, 429, at), at.Add(4*time.Minute+time.Second/2); !got.Equal(want) {
		t.Errorf("Next = %v, want %v", got, want)
	}
}

// guide is a sender written from the guide's words alone, to compare ours with:
//
//	"We only retry webhook deliveries when your endpoint returns a 429 status code."
//	"Retry Interval: 10 minutes between attempts + jitter"
//	"Max Retries: 6 attempts for 429 errors"
//	"Only continues if 429 status codes keep coming back"
//
// It returns when each of its sends arrived. The jitter's range is ours, and
// so is the generator, worked out here in whole numbers of any size.
type guide struct{ state *big.Int }

func (g *guide) run(answer func(arrival time.Duration) (status int, took time.Duration)) (arrivals []time.Duration) {
	now := time.Duration(0)
	status, took := answer(now)
	arrivals = append(arrivals, now)
	for attemptsFor429 := 0; status == 429 && attemptsFor429 < 6; attemptsFor429++ {
		now += took + 10*time.Minute + g.jitter()
		status, took = answer(now)
		arrivals = append(arrivals, now)
	}
	return arrivals
}

func bigNumber(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 0)
	if !ok {
		panic(s)
	}
	return n
}

var (
	two64      = bigNumber("0x10000000000000000")
	two128     = bigNumber("0x100000000000000000000000000000000")
	multiplier = bigNumber("0x2360ed051fc65da44385df649fccf645")
	increment  = bigNumber("0x5851f42d4c957f2d14057b7ef767814f")
	cheap      = bigNumber("0xda942042e4dd58b5")
)

// draw is PCG-DXSM: a 128-bit congruential step, then the output permutation.
func (g *guide) draw() *big.Int {
	g.state.Mul(g.state, multiplier).Add(g.state, increment).Mod(g.state, two128)
	high, low := new(big.Int).DivMod(g.state, two64, new(big.Int))
	high.Xor(high, new(big.Int).Rsh(high, 32))
	high.Mul(high, cheap).Mod(high, two64)
	high.Xor(high, new(big.Int).Rsh(high, 48))
	return high.Mul(high, low.SetBit(low, 0, 1)).Mod(high, two64)
}

// jitter is 5 s to 2 min, every nanosecond equally likely: a draw in the
// incomplete last stretch of the generator's range is drawn again.
func (g *guide) jitter() time.Duration {
	choices := big.NewInt(int64(115*time.Second) + 1)
	for {
		product := new(big.Int).Mul(g.draw(), choices)
		whole, rest := product.DivMod(product, two64, new(big.Int))
		if rest.Cmp(new(big.Int).Mod(two64, choices)) >= 0 {
			return 5*time.Second + time.Duration(whole.Int64())
		}
	}
}

func TestAnIndependentSenderAgreesFor10000Seeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(10_000) {
			newGuide := func() *guide { return &guide{state: new(big.Int).Mul(new(big.Int).SetUint64(seed), two64)} }
			always := func(time.Duration) (int, time.Duration) { return 429, 0 }
			if got, want := Plan(platform, seed), newGuide().run(always); !slices.Equal(got, want) {
				t.Fatalf("seed %d: the plan is %v, the guide's %v", seed, got, want)
			}
			compareDo(t, newGuide(), seed)
		}
	})
}

// compareDo lets both senders meet the same app, which is slow and recovers,
// or fails otherwise, at a send that depends on the seed.
func compareDo(t *testing.T, g *guide, seed uint64) {
	t.Helper()
	changes := int(seed % 9) // the send that is answered otherwise; 0 and 8: none
	final := []int{200, 500, 408, 401, 202}[seed%5]
	took := time.Duration(seed%7) * time.Second
	app := func(n int) int {
		if n == changes {
			return final
		}
		return 429
	}
	n := 0
	want := g.run(func(time.Duration) (int, time.Duration) { n++; return app(n), took })
	record, err := Do(t.Context(), Simulation{Policy: platform, Seed: seed}, nil, func(_ context.Context, s Send) (Result, error) {
		time.Sleep(took)
		return Result{Status: app(s.Number)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []time.Duration
	for _, s := range record.Sends {
		got = append(got, s.Offset)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("seed %d: sends at %v, the guide's at %v", seed, got, want)
	}
}
