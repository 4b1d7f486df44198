package cli

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	signature string
	header    string
	files     []string
}

func newVerifyCommand(a *app) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [FILE|-]",
		Short: "Check the signature of a webhook's body",
		Long: "Check a signature against the exact bytes of a body, from a file or from standard input,\n" +
			"and explain one that does not fit. The exit code is 0 when it is valid and 1 when it is\n" +
			"not. The keys that taskhook keys lists are trusted.",
		Example: "  taskhook verify body.json --signature \"$SIGNATURE\"\n" +
			"  taskhook events show 42 --raw | taskhook verify --signature \"$SIGNATURE\"",
		RunE: func(cmd *cobra.Command, args []string) error { return a.verify(cmd, args, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.signature, "signature", "", "the `VALUE` of the signature header (required)")
	fl.StringVar(&f.header, "header", "", "the `NAME` of the header it came in (default: by the length of the signature)")
	fl.StringArrayVar(&f.files, "public-key", nil, "trust the PEM key in `FILE` instead of the platform's (repeatable)")
	return a.withJSON(cmd, "print one JSON object")
}

func (a *app) verify(cmd *cobra.Command, args []string, f verifyFlags) error {
	if !cmd.Flags().Changed("signature") {
		return usageError(cmd, errors.New("--signature is missing"), "give the value of the signature header: taskhook verify body.json --signature VALUE")
	}
	header, err := signatureHeader(f.header, f.signature)
	if err != nil {
		return usageError(cmd, err)
	}
	if len(args) == 0 && isTerminal(a.stdin) {
		return usageError(cmd, errors.New("no body to verify"), "name a file, or - to type it")
	}
	keys, err := a.trustedKeys(cmd, f.files)
	if err != nil {
		return err
	}
	body, err := a.readInput(strings.Join(args, ""))
	if err != nil {
		return withHint(err, "name a file that holds exactly the bytes of the body, or - for standard input")
	}
	trusted := make([]verify.Key, len(keys))
	for i, k := range keys {
		trusted[i] = k.Key
	}
	v := verify.New(trusted, nil).Diagnose(http.Header{header: {f.signature}}, body)
	if err := a.printVerdict(v, len(body)); err != nil {
		return err
	}
	if v.Status != webhook.Valid {
		return errReported
	}
	return nil
}

// signatureHeader is the canonical name of the header that a signature came
// in; without a name that of the scheme with signatures of this length.
func signatureHeader(name, signature string) (string, error) {
	canonical := http.CanonicalHeaderKey(name)
	switch canonical {
	case taskee.HeaderRSA, taskee.HeaderEd25519:
		return canonical, nil
	case "":
	default:
		return "", fmt.Errorf("invalid --header %q: want %s or %s", name, taskee.HeaderRSA, taskee.HeaderEd25519)
	}
	trimmed := strings.TrimRight(strings.TrimSpace(signature), "=")
	if base64.RawStdEncoding.DecodedLen(len(trimmed)) == ed25519.SignatureSize {
		return taskee.HeaderEd25519, nil
	}
	return taskee.HeaderRSA, nil
}

// maxInput bounds what is read from a file or standard input, in bytes.
const maxInput = 256 << 20

// readInput reads a file, or standard input for "-" and "".
func (a *app) readInput(file string) ([]byte, error) {
	from := a.stdin
	if file != "-" && file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	body, err := readAtMost(from, maxInput)
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	return body, nil
}

// readAtMost reads everything; more than some bytes is an error.
func readAtMost(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it is larger than %s", format.Bytes(most))
	}
	return text, err
}

func (a *app) printVerdict(v webhook.Verdict, size int) error {
	text := verdictLine(v)
	if v.Next != "" {
		text += "\nnext: " + v.Next
	}
	return a.print("verdict", struct {
		Verdict  webhook.VerdictStatus `json:"verdict"`
		Scheme   string                `json:"scheme"`
		Header   string                `json:"header"`
		Key      string                `json:"key"`
		Reason   string                `json:"reason"`
		Next     string                `json:"next"`
		BodySize int                   `json:"bodySize"`
	}{v.Status, v.Scheme, v.Header, v.Key, v.Reason, v.Next, size}, "%s", text)
}
