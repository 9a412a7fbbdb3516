package exec

import (
	"fmt"
	"time"
)

// Elapsed says how long something took, for people: 0.3 s, 12.3 s, 1 min 5 s,
// 2 h 3 min.
func Elapsed(d time.Duration) string {
	d = d.Round(100 * time.Millisecond)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
