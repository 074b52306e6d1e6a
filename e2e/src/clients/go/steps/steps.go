// Package steps reports what a program does with a client: one JSON object per step on standard output.
package steps

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"time"
)

type report struct {
	Step  string `json:"step"`
	Error string `json:"error,omitempty"`
}

// Step runs one step. A later step goes on where an earlier one failed.
func Step(name string, body func()) {
	done := report{Step: name}
	defer func() {
		if r := recover(); r != nil {
			done.Error = fmt.Sprintf("%v\n%s", r, place())
		}
		_ = json.NewEncoder(os.Stdout).Encode(done)
	}()
	body()
}

// place is where in the program it failed, without the frames of the runtime.
func place() string {
	var lines []string
	for _, line := range strings.Split(string(debug.Stack()), "\n") {
		if strings.Contains(line, ".go:") && !strings.Contains(line, "/runtime/") && !strings.Contains(line, "/steps.go") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

// Must is for calls that answer a value.
func Must[T any](value T, err error) T {
	Check(err)
	return value
}

// Check ends the step when there is an error.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}

// Same ends the step unless what came is what was wanted.
func Same(what string, got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		panic(fmt.Sprintf("%s: %#v, not %#v", what, got, wanted))
	}
}

// Refused ends the step unless the call failed with these words in its error.
func Refused(err error, words string) {
	if err == nil {
		panic(fmt.Sprintf("it was taken; %q was expected", words))
	}
	if !strings.Contains(err.Error(), words) {
		panic(fmt.Sprintf("refused with %q, not %q", err, words))
	}
}

// Until asks again until it is so, for a minute and a half at most.
func Until(what string, ok func() (bool, string)) {
	last := ""
	for begin := time.Now(); time.Since(begin) < 90*time.Second; time.Sleep(200 * time.Millisecond) {
		var done bool
		if done, last = ok(); done {
			return
		}
	}
	panic(fmt.Sprintf("waited 90 s for %s; last seen: %s", what, last))
}
