package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/taskhook/taskhook/taskee"
)

// load is a supply of signed requests, each with its own webhookId.
type load struct {
	publicKey string // PEM file
	requests  []signed
	next      atomic.Int64
}

type signed struct {
	body   []byte
	header http.Header
}

func newLoad(dir string, n, size int) (*load, error) {
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	l := &load{publicKey: filepath.Join(dir, "bench.pem"), requests: make([]signed, n)}
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(l.publicKey, block, 0o600); err != nil {
		return nil, err
	}
	signer := taskee.Signer{RSA: key}
	var signers errgroup.Group
	signers.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		signers.Go(func() error {
			body := payload(i, size)
			header, err := signer.Sign(body, taskee.SchemeRSA)
			l.requests[i] = signed{body, header}
			return err
		})
	}
	return l, signers.Wait()
}

// payload is a flat event of about size bytes.
func payload(i, size int) []byte {
	head := fmt.Sprintf(`{"type":"ContactCreate","locationId":"ve9EPM428h8vShlRW1KT","timestamp":"2026-01-28T14:35:00.000Z","webhookId":"%08x-0000-4000-8000-%012x","note":"`, i, i)
	return []byte(head + strings.Repeat("x", max(0, size-len(head)-2)) + `"}`)
}

type result struct {
	rate     float64 // requests per second
	p50, p99 time.Duration
	requests int
	cpu      time.Duration // of the process from start to end
	rssAnon  int64         // bytes, 0 if unknown
}

// drive sends from conns connections for a time. Each request must be
// answered 200.
func (l *load) drive(ctx context.Context, url string, conns int, d time.Duration) (result, error) {
	client := newClient(conns)
	defer client.CloseIdleConnections()
	over := time.Now().Add(d)
	took := make([][]time.Duration, conns)
	var senders errgroup.Group
	start := time.Now()
	for c := range conns {
		senders.Go(func() error {
			for time.Now().Before(over) {
				began := time.Now()
				r := l.requests[int(l.next.Add(1)-1)%len(l.requests)]
				if err := post(ctx, client, url, r); err != nil {
					return err
				}
				took[c] = append(took[c], time.Since(began))
			}
			return nil
		})
	}
	err := senders.Wait()
	elapsed := time.Since(start)
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if err != nil || len(all) == 0 {
		return result{}, err
	}
	return result{
		rate: float64(len(all)) / elapsed.Seconds(),
		p50:  all[len(all)/2], p99: all[len(all)*99/100],
		requests: len(all),
	}, nil
}

// newClient is a client for conns connections. No request takes longer than
// its timeout, so a program that hangs ends the measurement.
func newClient(conns int) *http.Client {
	return &http.Client{
		Timeout:   20 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true},
	}
}

// post sends one request, which must be answered 200.
func post(ctx context.Context, client *http.Client, url string, r signed) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/webhooks", bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	maps.Copy(req.Header, r.header)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return nil
}
