# Everything a contributor runs. `make` lists it.

.PHONY: help build test race full lint bench bench-ab screen pictures fuzz cover ci clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

build: ## build ./taskhook, stripped
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o taskhook .

test: ## run the tests
	go test ./...

race: ## run the tests under the race detector
	go test -race ./...

full: ## run the tests of crashes, load and damage at their full length
	go test -count=1 -run 'Killed|FullDisk' ./e2e -full
	go test -count=1 -run 'Costs?No' ./store -full

lint: ## gofmt, go vet, golangci-lint
	gofmt -l . && go vet ./... && golangci-lint run ./...

bench: ## compare with httputil.ReverseProxy at 1, 16 and 64 connections
	go run ./bench

bench-ab: ## compare the working tree with REV, in turn: make bench-ab REV=main
	@test -n "$(REV)" || { echo 'usage: make bench-ab REV=main' >&2; exit 2; }
	go run ./bench ab $(ABFLAGS) "$(REV)"

clients: ## install the real clients that a test runs against the sandbox (needs node)
	cd testdata/clients && npm ci --omit=dev --no-audit --no-fund

screen: ## drive the real screen in tmux and read it after each step
	docs/screen.sh

pictures: ## make the pictures in docs anew
	docs/pictures.sh

FUZZTIME ?= 20s
fuzz: ## run every fuzz target for FUZZTIME
	@go list ./... | while read -r pkg; do \
	  go test -list '^Fuzz' $$pkg | grep '^Fuzz' | while read -r f; do \
	    echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done || exit 1; done

cover: ## coverage of all packages, as a table
	go test -coverprofile=cover.out ./... && go tool cover -func=cover.out | tail -1

ci: ## the whole gate
	.ci/run

clean: ## remove what builds leave behind
	rm -rf dist taskhook cover.out
