package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	executil "k8s.io/utils/exec"
)

// proxyGroup is the group that the redirection of a pod's traffic leaves alone.
const proxyGroup = 1337

// pod is a network namespace. A container of it is only a point of view: "istio-proxy" runs commands
// as the proxy's group, whose traffic is not redirected into the proxy, as in a real pod.
type pod struct{ name, container, folder string }

func (p pod) netns() string { return filepath.Join(p.folder, "netns") }

// ExecInContainer runs a program of this machine inside the pod's network.
func (p pod) ExecInContainer(ctx context.Context, _, _, container string, command []string, in io.Reader,
	out, errors io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	name, err := os.Readlink(p.netns())
	if err != nil {
		return err
	}
	process := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", filepath.Base(name)}, command...)...)
	process.Stdin, process.Stdout = in, out
	if errors != nil {
		process.Stderr = errors
	}
	if container == "istio-proxy" {
		process.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Gid: proxyGroup}}
	}
	process.WaitDelay = time.Second // an input that stays open must not keep a finished command waiting
	return exitStatus(process.Run())
}

// exitStatus turns the exit code of a process into the form that the client of exec is told.
func exitStatus(err error) error {
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &executil.ExitErrorWrapper{ExitError: exit}
	}
	return err
}

// PortForward connects the stream to a port on the pod's own loopback.
func (p pod) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	connection, err := p.dial(ctx, port)
	if err != nil {
		return err
	}
	defer connection.Close()
	go func() {
		_, _ = io.Copy(connection, stream)
		_ = connection.CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	return err
}

// dial opens the socket on a thread that is inside the pod's network. The thread
// never leaves it: it stays locked, so Go ends it with the goroutine.
func (p pod) dial(ctx context.Context, port int32) (*net.TCPConn, error) {
	type result struct {
		connection *net.TCPConn
		err        error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		connection, err := p.dialHere(ctx, port)
		done <- result{connection, err}
	}()
	r := <-done
	return r.connection, r.err
}

func (p pod) dialHere(ctx context.Context, port int32) (*net.TCPConn, error) {
	netns, err := os.Open(p.netns())
	if err != nil {
		return nil, err
	}
	defer netns.Close()
	if err := unix.Setns(int(netns.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	connection, err := new(net.Dialer).DialContext(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	return connection.(*net.TCPConn), nil
}
