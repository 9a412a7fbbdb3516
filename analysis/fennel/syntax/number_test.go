package syntax_test

import (
	"math"
	"testing"

	"quire/analysis/fennel/syntax"
)

func TestParseNumber(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	tests := map[string]float64{
		"0": 0, "-0": math.Copysign(0, -1), "12": 12, "+7": 7, "007": 7, "1.5": 1.5, ".5": .5, "-.5": -.5, "5.": 5,
		"1e3": 1000, "1E+3": 1000, "5e-2": .05, "5.e1": 50, "0.1": .1, "9007199254740993": 9007199254740992,
		"0x10": 16, "0XfF": 255, "-0x10": -16, "0x.8": .5, "0xA.8p1": 21, "0x1P-1": .5,
		"0xffffffffffffffff": 18446744073709551615, "0x1fffffffffffffffff": 0x1fffffffffffffffff,
		"1e400": inf, "-1e400": -inf, "1e-400": 0,
		".inf": inf, "+.inf": inf, "-.inf": -inf, ".nan": nan, "+.nan": nan, "-.nan": nan,
	}
	for text, want := range tests {
		got, ok := syntax.ParseNumber(text)
		same := math.Float64bits(got) == math.Float64bits(want) || math.IsNaN(got) && math.IsNaN(want)
		if !ok || !same {
			t.Errorf("ParseNumber(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "-", "+", ".", "-.", "e5", ".e5", "1e", "1e+", "1.2.3", "1x", "0x", "0x.", "0xg", "0x1p", "0b1", "--1", "+-1",
		"inf", "nan", "-inf", "infinity", "Inf", "NaN", ".Inf", "..inf", "1_0", "0x_1p0", " 1", "1 ", "1\x00", "١",
	} {
		if got, ok := syntax.ParseNumber(text); ok {
			t.Errorf("ParseNumber(%q) = %v, want none", text, got)
		}
	}
}
