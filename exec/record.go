package exec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// A record is what is known of a file that was put into a workspace.
type record struct {
	original fingerprint // of the user's file it is a copy of
	copy     fingerprint // of the file in the workspace, as it was put there
	fresh    bool        // the copy was so new that a change of it may not show in its fingerprint
	blob     string      // name of its content in git, or empty
}

// records are the files that were put into a workspace, by their paths. What is
// not among them may be there as well; nothing is known of it then.
type records map[string]record

// recordForm begins a file of records. It says of what form they are.
const recordForm = "quire files 1"

// writeRecords stores records: lines that end with NUL, since a path may hold
// any other byte.
func writeRecords(path string, r records) error {
	var b strings.Builder
	b.Grow(100 * len(r))
	b.WriteString(recordForm + "\x00")
	for name, f := range r {
		flag := "="
		if f.fresh {
			flag = "~"
		}
		fmt.Fprintf(&b, "%x %x %s%s\t%s\x00", uint64(f.original), uint64(f.copy), flag, f.blob, name)
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// readRecords reads what writeRecords stored. Of records that are not there or
// not whole nothing is known.
func readRecords(path string) (records, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return records{}, nil
	}
	if err != nil {
		return nil, err
	}
	form, rest, _ := strings.Cut(string(text), "\x00")
	if form != recordForm || rest != "" && !strings.HasSuffix(rest, "\x00") {
		return records{}, nil
	}
	lines := zeroTerminated([]byte(rest))
	all := make(records, len(lines))
	for _, line := range lines {
		about, name, _ := strings.Cut(line, "\t")
		fields := strings.Split(about, " ")
		if len(fields) != 3 || fields[2] == "" {
			return records{}, nil
		}
		original, errOriginal := strconv.ParseUint(fields[0], 16, 64)
		copied, errCopied := strconv.ParseUint(fields[1], 16, 64)
		if errOriginal != nil || errCopied != nil {
			return records{}, nil
		}
		all[name] = record{fingerprint(original), fingerprint(copied), fields[2][0] == '~', fields[2][1:]}
	}
	return all, nil
}

// A placed is a file that was just put into a workspace.
type placed struct {
	record
	changed time.Time // when the state of the copy was changed last
}
