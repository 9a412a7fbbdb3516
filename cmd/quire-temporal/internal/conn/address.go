package conn

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Scheme is the scheme of the addresses of this engine.
const Scheme = "temporal"

// Defaults of what an address leaves out.
const (
	defaultPort  = "7233"
	DefaultQueue = "quire"
	DefaultLost  = 10 * time.Second
	leastLost    = 2 * time.Second // workers tell every second that they live
)

// An Address says where the jobs of runs are carried out.
type Address struct {
	Server    string        // HOST:PORT; empty: as the environment says
	Namespace string        // empty: as the environment says, or "default"
	Queue     string        // of jobs without labels
	Lost      time.Duration // a worker that is silent for so long is lost
}

// ParseAddress reads an address: temporal://HOST[:PORT][/NAMESPACE][?queue=Q&lost=10s].
// Without a host, TEMPORAL_ADDRESS has it.
func ParseAddress(text string) (Address, error) {
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(text, Scheme+"://") || u.User != nil || u.Fragment != "" {
		return Address{}, fmt.Errorf("%q is no address of Temporal: expected temporal://HOST:PORT/NAMESPACE?queue=NAME", text)
	}
	a := Address{Queue: DefaultQueue, Lost: DefaultLost, Namespace: strings.Trim(u.Path, "/")}
	if strings.Contains(a.Namespace, "/") {
		return Address{}, fmt.Errorf("%q is no namespace: expected one name behind the host", a.Namespace)
	}
	if a.Server, err = ServerOf(u.Host); err != nil {
		return Address{}, err
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Address{}, fmt.Errorf("%q cannot be read: %w", "?"+u.RawQuery, err)
	}
	for name, list := range values {
		if err := a.set(name, list[len(list)-1]); err != nil {
			return Address{}, err
		}
	}
	return a, nil
}

func (a *Address) set(name, value string) (err error) {
	switch name {
	case "queue":
		a.Queue = value
		return CheckQueue(value)
	case "lost":
		if a.Lost, err = time.ParseDuration(value); err != nil || a.Lost < leastLost {
			return fmt.Errorf("lost=%s: expected a time of %s or more, such as 10s", value, leastLost)
		}
		return nil
	}
	return fmt.Errorf("an address of Temporal has no %q: expected queue or lost", name)
}

// ServerOf returns a host with a port, which defaults to Temporal's, or nothing
// of nothing.
func ServerOf(host string) (string, error) {
	if host == "" {
		return "", nil
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), defaultPort
	}
	if name == "" || port == "" || strings.ContainsAny(name, "/ ") {
		return "", fmt.Errorf("%q is no server: expected HOST:PORT", host)
	}
	return net.JoinHostPort(name, port), nil
}

// CheckQueue refuses names that could be those of queues made from others.
func CheckQueue(name string) error {
	if name == "" || strings.ContainsAny(name, "/@, ") {
		return fmt.Errorf("%q is no name of a queue: expected one without blanks, commas, / and @", name)
	}
	return nil
}

// QueueFor returns the queue of the jobs with these labels.
func QueueFor(base string, labels []string) string {
	if len(labels) == 0 {
		return base
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(labels)))
	for i, l := range sorted {
		sorted[i] = url.QueryEscape(l)
	}
	return base + "/" + strings.Join(sorted, ",")
}

// MostLabels is how many labels a worker can have.
const MostLabels = 4

// QueuesFor returns the queues from which a worker with these labels takes jobs:
// those of each set of them, the empty one first.
func QueuesFor(base string, labels []string) []string {
	sorted := slices.Compact(slices.Sorted(slices.Values(labels)))
	var queues []string
	for set := range 1 << len(sorted) {
		var some []string
		for i, l := range sorted {
			if set&(1<<i) != 0 {
				some = append(some, l)
			}
		}
		queues = append(queues, QueueFor(base, some))
	}
	return queues
}

// OwnQueue returns the queue by which one worker is asked what happens in its
// jobs.
func OwnQueue(base, worker string) string { return base + "@" + worker }

// RunID returns the id of the workflow of a run.
func RunID(run string) string { return "quire-" + run }
