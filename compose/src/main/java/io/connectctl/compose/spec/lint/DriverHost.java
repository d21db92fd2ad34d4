package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.Texts;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Hosts that can't be one. No name is resolved: what this machine can resolve isn't what the executors can. */
final class DriverHost implements Check {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\\.?");
    private static final Pattern DIGITS = Pattern.compile("[0-9.]+");
    private static final Pattern IPV4 =
            Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)");
    private static final Pattern IPV6 = Pattern.compile("\\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\\w+)?]?");

    @Override
    public void check(Subject server, Findings all) {
        Findings findings = all.of(Rule.BAD_HOST);
        for (String key : List.of("spark.driver.host", "spark.driver.bindAddress")) {
            String value = server.conf().getOrDefault(key, "localhost").strip();
            if (!isHost(value)) {
                Optional<String> bare = Optional.of(
                                value.replaceFirst("^[a-z+]+://", "").replaceFirst("(:\\d+)?/?$", ""))
                        .filter(text -> !text.equals(value) && isHost(text));
                findings.value(
                        Severity.WARNING,
                        Subject.pointer(key),
                        "'" + Texts.shown(value) + "' is neither a host's name nor an address",
                        bare,
                        "write the name or the address alone");
            } else if (key.equals("spark.driver.host")
                    && List.of("0.0.0.0", "::", "[::]").contains(value)) {
                findings.value(
                        Severity.WARNING,
                        Subject.pointer(key),
                        value + " is no address that an executor could reach",
                        Optional.empty(),
                        "write the machine's name, and 0.0.0.0 in spark.driver.bindAddress");
            }
        }
    }

    private static boolean isHost(String text) {
        if (DIGITS.matcher(text).matches()) {
            return IPV4.matcher(text).matches();
        }
        return (NAME.matcher(text).matches() && !text.endsWith(".invalid"))
                || IPV6.matcher(text).matches();
    }
}
