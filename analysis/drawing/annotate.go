package drawing

import "slices"

// A Mark says how a job went in a run.
type Mark string

// The marks. Jobs of a drawing that is of no run have none.
const (
	Succeeded Mark = "succeeded"
	Failed    Mark = "failed"
	Skipped   Mark = "skipped"
	Stopped   Mark = "stopped"
	Running   Mark = "running"
	Waiting   Mark = "waiting" // or left out
)

// An Annotation is what a picture of a run says of a job.
type Annotation struct {
	Mark Mark
	// Note is a second line for the job, in text the end of its line; or empty.
	Note string
	// Link is where the job leads, a URL, or empty.
	Link string
}

// Annotated returns the drawing with what is to be said of its jobs.
func (d *Drawing) Annotated(of func(job string) Annotation) *Drawing {
	copied := *d
	copied.Nodes = slices.Clone(d.Nodes)
	for i := range copied.Nodes {
		if n := &copied.Nodes[i]; n.Kind == Job {
			n.Annotation = of(n.Name)
		}
	}
	return &copied
}

// markStyle is the look of marked jobs, for pictures that have any.
const markStyle = `.succeeded rect{fill:#dafbe1;stroke:#4ac26b}
.failed rect{fill:#ffebe9;stroke:#ff8182}
.skipped rect{stroke-dasharray:4 3}
.stopped rect{fill:#fff8c5;stroke:#d4a72c}
.running rect{fill:#ddf4ff;stroke:#54aeff}
.waiting rect{fill:none;stroke-dasharray:4 3}
.waiting text{fill:#59636e}
@media (prefers-color-scheme:dark){
.succeeded rect{fill:#12261e;stroke:#2ea043}
.failed rect{fill:#3c1618;stroke:#da3633}
.stopped rect{fill:#341a00;stroke:#9e6a03}
.running rect{fill:#0c2d6b;stroke:#1f6feb}
.waiting text{fill:#9198a1}
}
`

// style returns the look of the picture.
func (p *painter) style() string {
	if slices.ContainsFunc(p.Nodes, func(n Node) bool { return n.Mark != "" }) {
		return style + markStyle
	}
	return style
}
