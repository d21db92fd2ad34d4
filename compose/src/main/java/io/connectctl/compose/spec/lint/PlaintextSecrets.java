package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.Secrets;
import java.util.Optional;
import java.util.regex.Pattern;

/** Secrets that stand in a file, where whoever reads the file, or its history, reads them. Values are never shown. */
final class PlaintextSecrets implements Check {
    /** What a key about secrets may hold without being one: words, numbers, durations, classes, places. */
    private static final Pattern HARMLESS = Pattern.compile(
            "(?i)\\s*|true|false|none|simple|kerberos|optional|required"
                    + "|-?\\d{1,9}(?:us|ms|s|m|min|h|d|b|k|kb|mb|g|gb)?"
                    + "|(?:[a-z_$][\\w$]*\\.){2,}[A-Za-z_$][\\w$]*(?:\\s*,\\s*(?:[a-z_$][\\w$]*\\.){2,}[A-Za-z_$][\\w$]*)*"
                    + "|(?:file:|local:|hdfs:|jceks:|localjceks:|s3a?:|abfss?:|gs:)?/{1,3}[^\\s@?]*|jceks://[^\\s?]*|https?://[^\\s@?]*");

    /** Kubernetes' secrets are named here, and stand elsewhere. */
    private static final Pattern NAMES_ONE = Pattern.compile(
            "spark\\.kubernetes\\..*\\.(?:secretKeyRef|secrets)\\..*|spark\\.kubernetes\\.kerberos\\..*");

    @Override
    public void check(Subject server, Findings all) {
        Findings findings = all.of(Rule.PLAINTEXT_SECRET);
        Optional<SparkKeys> keys = SparkKeys.of(server.spec().spark());
        server.conf().forEach((key, value) -> {
            // Spark's own typed keys hold a number or a word, whatever they are called.
            boolean typed = keys.flatMap(known -> known.find(key))
                    .flatMap(found -> ValueType.of(found.type()))
                    .isPresent();
            if (!typed
                    && !NAMES_ONE.matcher(key).matches()
                    && Secrets.isSecret(key, value)
                    && (!HARMLESS.matcher(value).matches() || Secrets.isSecret("x", value))) {
                tell(
                        server,
                        Subject.pointer(key),
                        "keep it out of the file, in the environment that its library reads:"
                                + " --env NAME takes it from yours at the start",
                        findings);
            }
        });
        server.spec().env().forEach((name, value) -> {
            if (!value.equals(Secrets.REDACTED)
                    && Secrets.isSecret(name, value)
                    && (!HARMLESS.matcher(value).matches() || Secrets.isSecret("x", value))) {
                tell(
                        server,
                        Declaration.pointer("env", name),
                        "delete the line and start with --env " + name + ", which takes it from your environment",
                        findings);
            }
        });
    }

    private static void tell(Subject server, String pointer, String remedy, Findings findings) {
        boolean written =
                server.declaration().place(pointer).map(Location::line).orElse(0) > 0;
        if (written) {
            findings.value(Severity.WARNING, pointer, "a secret stands here in plain text", Optional.empty(), remedy);
        }
    }
}
