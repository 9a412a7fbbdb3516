package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"quire/exec"
)

// secrets turns the values of --secret into the secrets of a run: NAME,
// NAME=env:VAR or NAME=file:PATH.
func secrets(ctx context.Context, s *session, values []string) (map[string]exec.Secret, error) {
	secrets := map[string]exec.Secret{}
	for _, value := range values {
		name, from, given := strings.Cut(value, "=")
		if name == "" {
			return nil, usagef("--secret %q names no secret; expected NAME, NAME=env:VAR or NAME=file:PATH.", value)
		}
		if _, twice := secrets[name]; twice {
			return nil, usagef("--secret %s is given twice.", name)
		}
		secret, err := secretFrom(ctx, s, name, from, given)
		if err != nil {
			return nil, err
		}
		secrets[name] = secret
	}
	return secrets, nil
}

func secretFrom(ctx context.Context, s *session, name, from string, given bool) (exec.Secret, error) {
	if !given {
		value, err := askSecret(ctx, s, name)
		return exec.Secret{Value: value}, err
	}
	kind, place, _ := strings.Cut(from, ":")
	if place != "" {
		switch kind {
		case "env":
			if _, ok := os.LookupEnv(place); !ok {
				return exec.Secret{}, usagef("--secret %s: the environment has no variable %s.", name, place)
			}
			return exec.Secret{Env: place}, nil
		case "file":
			return exec.Secret{File: place}, nil
		}
	}
	// What follows the = may be the secret itself: it is not repeated.
	return exec.Secret{}, usagef("--secret %s: expected %[1]s, %[1]s=env:VAR or %[1]s=file:PATH. "+
		"A value on the command line could be read by every process of this machine.", name)
}

// askSecret asks for a value without showing it.
func askSecret(ctx context.Context, s *session, name string) (string, error) {
	fd := int(s.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", usagef("--secret %s asks for the value, but standard input is no terminal. "+
			"Use %[1]s=env:VAR or %[1]s=file:PATH.", name)
	}
	fmt.Fprintf(s.stderr, "Value of the secret %s: ", name)
	type answer struct {
		value []byte
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := term.ReadPassword(fd)
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		fmt.Fprintln(s.stderr)
		if a.err != nil {
			return "", usagef("--secret %s: no value was given.", name)
		}
		return string(a.value), nil
	case <-ctx.Done():
		fmt.Fprintln(s.stderr)
		_ = term.Restore(fd, before)
		return "", context.Cause(ctx)
	}
}
