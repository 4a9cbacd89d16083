package common

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Result of one call; messages in hexadecimal.
type Result struct {
	Code     uint32      `json:"code"`
	Message  string      `json:"message"`
	Messages []string    `json:"messages"`
	Header   metadata.MD `json:"header"`
	Trailer  metadata.MD `json:"trailer"`
	Millis   int64       `json:"millis"`
}

// Load is what a load run measured.
type Load struct {
	Calls     int64   `json:"calls"`
	Errors    int64   `json:"errors"`
	PerSecond float64 `json:"perSecond"`
	P50Micros float64 `json:"p50Micros"`
	P99Micros float64 `json:"p99Micros"`
	Bytes     int64   `json:"bytes"`
	LastError string  `json:"lastError"`
}

type options struct {
	endpoints, path, data, nodes, meta string
	id                                 Identity
	timeout                            time.Duration
	stream                             bool
	concurrency, conns                 int
	seconds                            float64
	cancelAfter                        int
}

func parse(args []string) options {
	var o options
	set := flag.NewFlagSet("client", flag.ExitOnError)
	set.StringVar(&o.endpoints, "endpoints", "", "host:port,... or unix:///path")
	set.StringVar(&o.path, "path", "/machine.MachineService/Version", "full method")
	set.StringVar(&o.data, "data", "", "request message in hexadecimal")
	set.StringVar(&o.nodes, "nodes", "", "nodes metadata, comma separated")
	set.StringVar(&o.meta, "metadata", "", "k=v,k=v")
	set.StringVar(&o.id.CA, "ca", "", "PEM file")
	set.StringVar(&o.id.Crt, "crt", "", "PEM file")
	set.StringVar(&o.id.Key, "key", "", "PEM file")
	set.DurationVar(&o.timeout, "timeout", 0, "deadline of each call")
	set.BoolVar(&o.stream, "stream", false, "server streaming")
	set.IntVar(&o.concurrency, "concurrency", 1, "calls at once (load)")
	set.IntVar(&o.conns, "conns", 1, "connections (load)")
	set.Float64Var(&o.seconds, "seconds", 1, "duration (load)")
	set.IntVar(&o.cancelAfter, "cancel-after", -1, "cancel a stream after this many messages")
	_ = set.Parse(args)
	return o
}

func (o options) context() (context.Context, context.CancelFunc) {
	ctx := context.Background()
	md := metadata.MD{}
	for _, node := range split(o.nodes) {
		md.Append("nodes", node)
	}
	for _, pair := range split(o.meta) {
		if i := strings.Index(pair, "="); i > 0 {
			md.Append(pair[:i], pair[i+1:])
		}
	}
	if len(md) > 0 {
		ctx = metadata.NewOutgoingContext(ctx, md)
	}
	if o.timeout > 0 {
		return context.WithTimeout(ctx, o.timeout)
	}
	return context.WithCancel(ctx)
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// Main runs `call` or `load` and prints one JSON object.
func Main(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: client call|load --flags")
	}
	o := parse(args[1:])
	data, err := hex.DecodeString(o.data)
	if err != nil {
		return err
	}
	var out interface{}
	if args[0] == "load" {
		out, err = load(o, data)
	} else {
		var conn *grpc.ClientConn
		if conn, err = Dial(o.endpoints, o.id); err == nil {
			out = call(conn, o, data)
			conn.Close()
		}
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func call(conn *grpc.ClientConn, o options, data []byte) Result {
	ctx, cancel := o.context()
	defer cancel()
	started := time.Now()
	result := Result{Messages: []string{}}
	var err error
	if o.stream {
		err = stream(ctx, cancel, conn, o, data, &result)
	} else {
		var reply []byte
		err = conn.Invoke(ctx, o.path, &data, &reply,
			grpc.Header(&result.Header), grpc.Trailer(&result.Trailer))
		if err == nil {
			result.Messages = append(result.Messages, hex.EncodeToString(reply))
		}
	}
	s := status.Convert(err)
	result.Code, result.Message = uint32(s.Code()), s.Message()
	result.Millis = time.Since(started).Milliseconds()
	return result
}

func stream(ctx context.Context, cancel context.CancelFunc, conn *grpc.ClientConn,
	o options, data []byte, result *Result) error {
	desc := &grpc.StreamDesc{ServerStreams: true}
	s, err := conn.NewStream(ctx, desc, o.path)
	if err != nil {
		return err
	}
	if err = s.SendMsg(&data); err != nil {
		return err
	}
	if err = s.CloseSend(); err != nil {
		return err
	}
	for {
		var message []byte
		if err = s.RecvMsg(&message); err != nil {
			result.Header, _ = s.Header()
			result.Trailer = s.Trailer()
			if err == io.EOF {
				return nil
			}
			return err
		}
		result.Messages = append(result.Messages, hex.EncodeToString(message))
		if len(result.Messages) == o.cancelAfter {
			cancel()
		}
	}
}

// one makes one call and returns how many octets of messages came.
func one(conn *grpc.ClientConn, o options, data []byte) (int64, error) {
	ctx, cancel := o.context()
	defer cancel()
	if !o.stream {
		var reply []byte
		err := conn.Invoke(ctx, o.path, &data, &reply)
		return int64(len(reply)), err
	}
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, o.path)
	if err != nil {
		return 0, err
	}
	if err = s.SendMsg(&data); err != nil {
		return 0, err
	}
	if err = s.CloseSend(); err != nil {
		return 0, err
	}
	var bytes int64
	for {
		var message []byte
		if err = s.RecvMsg(&message); err == io.EOF {
			return bytes, nil
		} else if err != nil {
			return bytes, err
		}
		bytes += int64(len(message))
	}
}

func load(o options, data []byte) (Load, error) {
	conns := make([]*grpc.ClientConn, o.conns)
	for i := range conns {
		conn, err := Dial(o.endpoints, o.id)
		if err != nil {
			return Load{}, err
		}
		defer conn.Close()
		conns[i] = conn
		// The handshake is not part of the figure.
		if _, err := one(conn, o, data); err != nil {
			return Load{}, err
		}
	}
	var result Load
	var mu sync.Mutex
	var all []float64
	var group sync.WaitGroup
	started := time.Now()
	end := started.Add(time.Duration(o.seconds * float64(time.Second)))
	for i := 0; i < o.concurrency; i++ {
		group.Add(1)
		go func(conn *grpc.ClientConn) {
			defer group.Done()
			var mine []float64
			for time.Now().Before(end) {
				t := time.Now()
				n, err := one(conn, o, data)
				mine = append(mine, float64(time.Since(t).Nanoseconds())/1000)
				atomic.AddInt64(&result.Bytes, n)
				if err != nil {
					atomic.AddInt64(&result.Errors, 1)
					mu.Lock()
					result.LastError = err.Error()
					mu.Unlock()
				}
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		}(conns[i%len(conns)])
	}
	group.Wait()
	sort.Float64s(all)
	result.Calls = int64(len(all))
	result.PerSecond = float64(len(all)) / time.Since(started).Seconds()
	if len(all) > 0 {
		result.P50Micros = all[len(all)/2]
		result.P99Micros = all[len(all)*99/100]
	}
	return result, nil
}
