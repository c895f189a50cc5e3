// An application on grpc-go that behaves as each event tells it; see ../README.md. It reads of a message only the header
// that says what to do, and takes and gives bytes: so it needs no generated code.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type raw struct{ bytes []byte }

type codec struct{}

func (codec) Marshal(v interface{}) ([]byte, error) { return v.(*raw).bytes, nil }
func (codec) Unmarshal(data []byte, v interface{}) error {
	v.(*raw).bytes = append([]byte(nil), data...)
	return nil
}
func (codec) Name() string   { return "proto" }
func (codec) String() string { return "proto" }

var verdicts = map[string]byte{"UNSPECIFIED": 0, "ACK": 1, "RETRY": 2, "REJECT": 3}

// The value that follows the header's name: tag 0x12, a length below 128, the text.
func behaviourOf(message []byte) map[string]string {
	said := map[string]string{}
	name := []byte("test-behaviour")
	at := bytes.Index(message, name)
	if at < 0 || at+len(name)+2 > len(message) {
		return said
	}
	rest := message[at+len(name)+1:]
	for _, pair := range strings.Split(string(rest[1:1+int(rest[0])]), ";") {
		parts := strings.SplitN(pair, "=", 2)
		said[parts[0]] = strings.Join(parts[1:], "")
	}
	return said
}

func codeOf(name string) codes.Code {
	// grpc-go spells one of them as the British do.
	if name == "CANCELLED" {
		return codes.Canceled
	}
	var parsed codes.Code
	if parsed.UnmarshalJSON([]byte(strconv.Quote(name))) != nil {
		return codes.Unknown
	}
	return parsed
}

func field(number byte, content []byte) []byte {
	return append([]byte{number<<3 | 2, byte(len(content))}, content...)
}

func duration(text string) []byte {
	milliseconds, _ := strconv.Atoi(text)
	seconds, nanos := milliseconds/1000, milliseconds%1000*1000000
	encoded := []byte{0x08, byte(seconds), 0x10}
	for ; nanos >= 0x80; nanos >>= 7 {
		encoded = append(encoded, byte(nanos)|0x80)
	}
	return append(encoded, byte(nanos))
}

func result(said map[string]string) []byte {
	number, known := verdicts[said["verdict"]]
	if !known {
		number = 99
	}
	content := []byte{0x10, number}
	if after, has := said["after"]; has {
		content = append(content, field(3, duration(after))...)
	}
	return field(1, append(content, field(4, []byte(said["reason"]))...))
}

func handle(ctx context.Context, message []byte, typed bool) ([]byte, error) {
	said := behaviourOf(message)
	if incoming, has := metadata.FromIncomingContext(ctx); has && typed && len(incoming["sidecar-headers-bin"]) > 0 {
		said = behaviourOf([]byte(incoming["sidecar-headers-bin"][0]))
	}
	if _, dies := said["die"]; dies {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	}
	if _, sleeps := said["sleep"]; sleeps {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if _, first := said["headers-first"]; first {
		grpc.SendHeader(ctx, metadata.MD{})
	}
	if pushback, has := said["pushback"]; has {
		grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", pushback))
	}
	if name, has := said["status"]; has {
		return nil, status.Error(codeOf(name), said["message"])
	}
	if _, has := said["verdict"]; !has {
		return nil, nil
	}
	if !typed {
		return result(said), nil
	}
	trailers := metadata.Pairs("sidecar-verdict", said["verdict"], "sidecar-reason", said["reason"])
	if after, has := said["after"]; has {
		trailers.Set("sidecar-retry-after", after)
	}
	grpc.SetTrailer(ctx, trailers)
	return nil, nil
}

func method(name string, typed bool) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(
		_ interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
		request := &raw{}
		if err := decode(request); err != nil {
			return nil, err
		}
		answer, err := handle(ctx, request.bytes, typed)
		return &raw{answer}, err
	}}
}

func main() {
	port := "0"
	for i, argument := range os.Args {
		if argument == "--port" {
			port = os.Args[i+1]
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer(grpc.CustomCodec(codec{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "sidecar.delivery.v1.EventConsumerService", HandlerType: (*interface{})(nil),
		Methods: []grpc.MethodDesc{method("Deliver", false)}}, nil)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "acme.orders.v1.OrderEventsService", HandlerType: (*interface{})(nil),
		Methods: []grpc.MethodDesc{method("HandleOrderPlaced", true)}}, nil)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}
