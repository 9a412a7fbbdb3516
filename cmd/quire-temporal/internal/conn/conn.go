// Package conn finds the Temporal server, and names what runs consist of there.
//
// The certificates, keys and API keys that a server wants come from the variables
// TEMPORAL_* and the configuration file of Temporal's own tools.
package conn

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
)

// A Server is a connection with a Temporal server.
type Server struct {
	client.Client
	Host      string
	Namespace string
}

// Dial connects. Identity is the name of this process there. It tries until the
// server answers or ctx ends; waiting is told once that it does not, and why.
func Dial(ctx context.Context, a Address, identity string, waiting func(error)) (*Server, error) {
	o, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, err
	}
	if a.Server != "" {
		o.HostPort = a.Server
	}
	if a.Namespace != "" {
		o.Namespace = a.Namespace
	}
	if o.HostPort == "" {
		o.HostPort = client.DefaultHostPort
	}
	if o.Namespace == "" {
		o.Namespace = client.DefaultNamespace
	}
	o.Identity = identity
	o.Logger = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	o.DataConverter = Converter()
	for told := false; ; told = true {
		c, err := client.DialContext(ctx, o)
		if err == nil {
			return &Server{c, o.HostPort, o.Namespace}, nil
		}
		err = fmt.Errorf("no Temporal server answers at %s: %w", o.HostPort, Plain(err))
		if ctx.Err() != nil {
			return nil, err
		}
		if !told {
			waiting(err)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// Environ returns the environment of this process without what leads into the
// server: none of a job's business.
func Environ() []string {
	var rest []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TEMPORAL_") {
			rest = append(rest, entry)
		}
	}
	return rest
}

// Ask asks the server for a sign of life.
func (s *Server) Ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := s.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	return err
}

// Describe returns what the server knows of the last workflow with an id.
func (s *Server) Describe(ctx context.Context, id string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	about, err := s.DescribeWorkflow(ctx, id, "")
	if err != nil {
		return nil, err
	}
	return about.RawResponse, nil
}

// Watch asks for signs of life until ctx ends. It tells when there was none for
// longer than people wait, and when they are back.
func (s *Server) Watch(ctx context.Context, tell func(string)) {
	const patience = 5 * time.Second
	last, gone := time.Now(), false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		switch err := s.Ask(ctx); {
		case ctx.Err() != nil:
			return
		case err == nil:
			if last = time.Now(); gone {
				gone = false
				tell(fmt.Sprintf("the Temporal server at %s is back", s.Host))
			}
		case !gone && time.Since(last) > patience:
			gone = true
			tell(fmt.Sprintf("the Temporal server at %s does not answer: waiting for it", s.Host))
		}
	}
}
