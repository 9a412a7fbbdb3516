package flow

import "quire/exec"

// A schedule knows which jobs can run.
type schedule struct {
	jobs    []exec.WorkJob
	number  map[string]int // of a job by its id
	started []bool
	waits   []int   // of a job: for how many others it waits
	behind  [][]int // of a job: those that wait for it
	left    []*Left // of a job: what it left, once it ended well
	first   int     // no job before this one is left to start
}

func newSchedule(jobs []exec.WorkJob) *schedule {
	n := len(jobs)
	s := &schedule{jobs: jobs, number: make(map[string]int, n), started: make([]bool, n),
		waits: make([]int, n), behind: make([][]int, n), left: make([]*Left, n)}
	for i, j := range jobs {
		s.number[j.ID] = i
	}
	for i, j := range jobs {
		for _, need := range j.Needs {
			if k, ok := s.number[need]; ok {
				s.waits[i]++
				s.behind[k] = append(s.behind[k], i)
			}
		}
	}
	return s
}

// next returns the number of the first job in order that can start, and takes it.
func (s *schedule) next() (int, bool) {
	for s.first < len(s.jobs) && s.started[s.first] {
		s.first++
	}
	for i := s.first; i < len(s.jobs); i++ {
		if !s.started[i] && s.waits[i] == 0 {
			s.started[i] = true
			return i, true
		}
	}
	return 0, false
}

// done records that a job ended well, and what it left.
func (s *schedule) done(i int, l Left) {
	s.left[i] = &l
	for _, k := range s.behind[i] {
		s.waits[k]--
	}
}

// earlier returns what the jobs left that a job needs, also those that they need,
// in the order of the jobs.
func (s *schedule) earlier(i int) []Left {
	work := exec.Work{Jobs: s.jobs}
	var all []Left
	for _, id := range work.Ancestors(s.jobs[i].ID) {
		if l := s.left[s.number[id]]; l != nil {
			all = append(all, *l)
		}
	}
	return all
}
