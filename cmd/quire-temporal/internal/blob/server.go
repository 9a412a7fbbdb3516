package blob

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"quire/cmd/quire-temporal/internal/conn"
)

// Workflow is the type of the workflows of pieces.
const Workflow = "quire-blob-1"

// Keep is the workflow of a piece. Its input is what there is to know.
func Keep(workflow.Context, []byte) error { return nil }

const (
	// fresh is how long a piece is sure to be there for a run that begins now: the
	// server keeps what has ended for a day at least.
	fresh = 12 * time.Hour
	// lasting is how long a piece stays for which no worker ran the workflow.
	lasting = 3 * 24 * time.Hour
)

// Of returns the pieces on a server, whose workflows the workers of a queue run.
func Of(s *conn.Server, queue string) Pieces { return &pieces{s, queue} }

type pieces struct {
	server *conn.Server
	queue  string
}

func workflowID(id string) string { return "quire-blob-" + id }

func (p *pieces) Put(ctx context.Context, id string, piece []byte) error {
	o := client.StartWorkflowOptions{
		ID: workflowID(id), TaskQueue: p.queue,
		WorkflowExecutionTimeout:                 lasting,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
	err := conn.Retry(ctx, func() error {
		_, err := p.server.ExecuteWorkflow(ctx, o, Workflow, piece)
		return err
	})
	if there := (*serviceerror.WorkflowExecutionAlreadyStarted)(nil); !errors.As(err, &there) {
		return err
	}
	old, err := p.old(ctx, id)
	if err != nil || !old {
		return err
	}
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	o.WorkflowExecutionErrorWhenAlreadyStarted = false
	return conn.Retry(ctx, func() error {
		_, err := p.server.ExecuteWorkflow(ctx, o, Workflow, piece)
		return err
	})
}

// old reports whether a piece was put so long ago that the server may remove it
// soon.
func (p *pieces) old(ctx context.Context, id string) (old bool, err error) {
	err = conn.Retry(ctx, func() error {
		about, err := p.server.Describe(ctx, workflowID(id))
		if gone := (*serviceerror.NotFound)(nil); errors.As(err, &gone) {
			old = true
			return nil
		}
		if err == nil {
			old = time.Since(about.GetWorkflowExecutionInfo().GetStartTime().AsTime()) > fresh
		}
		return err
	})
	return old, err
}

func (p *pieces) Get(ctx context.Context, id string) (piece []byte, err error) {
	err = conn.Retry(ctx, func() error {
		history, err := p.server.WorkflowService().GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace:       p.server.Namespace,
			Execution:       &commonpb.WorkflowExecution{WorkflowId: workflowID(id)},
			MaximumPageSize: 1,
		})
		if gone := (*serviceerror.NotFound)(nil); errors.As(err, &gone) {
			return fmt.Errorf("the Temporal server no longer has the content %s", id)
		}
		if err != nil {
			return err
		}
		events := history.GetHistory().GetEvents()
		if len(events) == 0 {
			return fmt.Errorf("the Temporal server has nothing of the content %s", id)
		}
		return conn.Converter().FromPayloads(events[0].GetWorkflowExecutionStartedEventAttributes().GetInput(), &piece)
	})
	return piece, err
}
