// Command verify-token checks one token the way an ordinary relying party does: it knows an issuer and an
// audience, fetches the discovery document and the keys, and believes nothing else. It shares no code with
// forkproof, which is the point of it.
//
// Usage: verify-token -issuer URL -audience AUD < token
// Prints the claims as one JSON object. Exit 1: refused, with the reason on stderr. Exit 2: wrong usage.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// An ID token is about one kilobyte; anything far beyond it is not one.
const tokenBytesMax = 64 << 10

func main() {
	issuer := flag.String("issuer", "", "issuer URL, exactly as in the token")
	audience := flag.String("audience", "", "audience that the token has to name")
	timeout := flag.Duration("timeout", 15*time.Second, "bound for all requests to the issuer together")
	flag.Parse()
	if *issuer == "" || *audience == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	claims, err := verify(ctx, *issuer, *audience, os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	fmt.Println(string(claims))
}

func verify(ctx context.Context, issuer, audience string, input io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(input, tokenBytesMax+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > tokenBytesMax {
		return nil, errors.New("token is too long")
	}
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: audience}).Verify(ctx, strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, err
	}
	var claims json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return nil, err
	}
	return claims, nil
}
