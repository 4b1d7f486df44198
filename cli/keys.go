package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
)

// trustedKey is a key whose signatures are valid.
type trustedKey struct {
	verify.Key
	local bool // not through the tunnel
}

func newKeysCommand(a *app) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List the keys whose signatures are valid",
		Long: "List the keys that Taskhook trusts: the platform's, which are built in, and the local\n" +
			"development pair once it exists. That pair signs what taskhook trigger sends, and is\n" +
			"trusted on the loopback address only.",
		Example: "  taskhook keys pem taskee > taskee.pem\n" +
			"  taskhook keys env >> .env             # let your app trust the development pair",
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := a.trustedKeys(cmd, files)
			if err != nil {
				return err
			}
			return a.listKeys(keys)
		},
	}
	cmd.PersistentFlags().StringArrayVar(&files, "public-key", nil, "trust the PEM key in `FILE` instead of the platform's (repeatable)")
	a.withJSON(cmd, "print one JSON object per line")
	cmd.AddCommand(newKeysPEMCommand(a, &files), newKeysDevCommand(a), newKeysEnvCommand(a))
	return cmd
}

// trustedKeys are the platform's keys, or those that replace them, and the
// development pair.
func (a *app) trustedKeys(cmd *cobra.Command, files []string) ([]trustedKey, error) {
	keys, err := readKeys(cmd, files)
	if err != nil {
		return nil, err
	}
	if keys == nil {
		if keys, err = verify.PlatformKeys(); err != nil {
			return nil, err
		}
	}
	dir, err := a.directory()
	if err != nil {
		return nil, err
	}
	dev, err := devKeys(dir)
	if err != nil {
		return nil, err
	}
	var all []trustedKey
	for _, k := range keys {
		all = append(all, trustedKey{Key: k})
	}
	for _, k := range dev {
		all = append(all, trustedKey{Key: k, local: true})
	}
	return all, nil
}

// keyLine is a trusted key as JSON.
type keyLine struct {
	Name        string `json:"name"`
	Scheme      string `json:"scheme"`
	Fingerprint string `json:"fingerprint"`
	Local       bool   `json:"local"` // not trusted through the tunnel
}

func (a *app) listKeys(keys []trustedKey) error {
	lines := make([]keyLine, len(keys))
	for i, k := range keys {
		lines[i] = keyLine{k.Name, k.Scheme(), k.Fingerprint(), k.local}
	}
	return printList(a, "key", lines, []string{"NAME", "SCHEME", "TRUSTED", "FINGERPRINT"}, func(k keyLine) []string {
		trusted := "everywhere"
		if k.Local {
			trusted = "local only"
		}
		return []string{k.Name, k.Scheme, trusted, k.Fingerprint}
	})
}

func newKeysPEMCommand(a *app, files *[]string) *cobra.Command {
	scheme := anyOf(taskee.SchemeRSA, taskee.SchemeEd25519)
	cmd := &cobra.Command{
		Use:     "pem NAME",
		Short:   "Print a trusted public key in PEM form",
		Example: "  taskhook keys pem taskee > taskee.pem\n  taskhook keys pem dev --scheme rsa",
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := a.trustedKeys(cmd, *files)
			if err != nil {
				return err
			}
			return printPEM(a.stdout, keys, args[0], scheme.value)
		},
	}
	cmd.Flags().Var(&scheme, "scheme", "only the key of this scheme")
	return cmd
}

func printPEM(w io.Writer, keys []trustedKey, name, scheme string) error {
	var names []string
	found := false
	for _, k := range keys {
		if len(names) == 0 || names[len(names)-1] != k.Name {
			names = append(names, k.Name)
		}
		if k.Name != name || scheme != "" && k.Scheme() != scheme {
			continue
		}
		found = true
		text, err := publicPEM(k.Public)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	switch {
	case found:
		return nil
	case name == verify.DevKey && scheme == "":
		return withHint(errors.New("there is no development pair yet"), "make it with: taskhook keys dev")
	}
	ofScheme := ""
	if scheme != "" {
		ofScheme = " and is of the scheme " + scheme
	}
	return withHint(fmt.Errorf("no trusted key is named %q%s", name, ofScheme), "there are: "+strings.Join(names, ", "))
}

func newKeysDevCommand(a *app) *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "dev",
		Short:   "Show the local development pair, and make it on first use",
		Example: "  taskhook keys dev",
		Long: "Show where the development pair is, and make it on first use. It belongs to the project,\n" +
			"and its private keys never leave the data directory.",
		RunE: func(*cobra.Command, []string) error {
			pair, err := a.devPair()
			if err != nil {
				return err
			}
			return a.listDevPair(pair)
		},
	}, "print one JSON object per line")
}

// devKeyLine is a key of the development pair as JSON.
type devKeyLine struct {
	Name        string `json:"name"`
	Scheme      string `json:"scheme"`
	Fingerprint string `json:"fingerprint"`
	Private     string `json:"privateFile"`
	Public      string `json:"publicFile"`
}

func (a *app) listDevPair(pair devPair) error {
	gap := ""
	for _, k := range pair.keys {
		private, public := devRSAFile, listener.DevRSAFile
		if k.Scheme() == taskee.SchemeEd25519 {
			private, public = devEd25519File, listener.DevEd25519File
		}
		line := devKeyLine{k.Name, k.Scheme(), k.Fingerprint(), filepath.Join(pair.dir, private), filepath.Join(pair.dir, public)}
		err := a.print("devKey", line, gap+"scheme       %s\nfingerprint  %s\nprivate key  %s\npublic key   %s",
			line.Scheme, line.Fingerprint, line.Private, line.Public)
		if err != nil {
			return err
		}
		gap = "\n"
	}
	return nil
}

func newKeysEnvCommand(a *app) *cobra.Command {
	format := oneOf("dotenv", "shell")
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the development keys as environment variables for your app",
		Long: "Print the public development keys under the names that apps read their keys from, so that\n" +
			"your app accepts what taskhook signs. For development only: with them, your app rejects\n" +
			"the platform's own signatures, unless listen --sign dev puts its own in their place.",
		Example: "  taskhook keys env >> .env.development   # then: taskhook listen 3000 --sign dev\n" +
			"  eval \"$(taskhook keys env --format shell)\"",
		RunE: func(*cobra.Command, []string) error {
			pair, err := a.devPair()
			if err != nil {
				return err
			}
			return printEnv(a.stdout, pair.keys, format.value)
		},
	}
	cmd.Flags().Var(&format, "format", "dotenv: NAME=\"value\" lines for a .env file; shell: export statements")
	return cmd
}

func printEnv(w io.Writer, keys []verify.Key, format string) error {
	for _, k := range keys {
		written, err := publicPEM(k.Public)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(string(written))
		for _, name := range taskee.EnvNames(k.Scheme()) {
			if format == "shell" {
				// Base64 and dashes: nothing in it needs escaping.
				_, err = fmt.Fprintf(w, "export %s='%s'\n", name, text)
			} else {
				_, err = fmt.Fprintf(w, "%s=\"%s\"\n", name, strings.ReplaceAll(text, "\n", `\n`))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
