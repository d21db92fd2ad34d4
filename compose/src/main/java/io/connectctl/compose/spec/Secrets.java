package io.connectctl.compose.spec;

import java.util.Map;

/** Which values of a declaration are secret, and how they are kept apart from it. */
public final class Secrets {
    /** What stands in a declaration, preview or answer instead of a secret value. */
    public static final String REDACTED = "*********(redacted)";

    private Secrets() {}

    /**
     * A declaration without its secrets, and the secrets by JSON pointer ({@code /env/DB_PASSWORD}).
     *
     * @param declaration safe to store, log and answer with
     * @param secrets to be kept in a file of mode 0600 only
     */
    public record Split(Declaration declaration, Map<String, String> secrets) {
        public Split {
            secrets = Map.copyOf(secrets);
        }
    }

    /** Takes secret values out: all of {@code env}, and what {@link #isSecret} says of {@code conf}. */
    public static Split split(Declaration declaration) {
        throw new UnsupportedOperationException("skeleton: " + declaration);
    }

    /** Puts secret values back. */
    public static Declaration join(Declaration declaration, Map<String, String> secrets) {
        throw new UnsupportedOperationException("skeleton: " + declaration + secrets.size());
    }

    /** True if the value of this configuration key or environment variable must never be shown. */
    public static boolean isSecret(String key, String value) {
        throw new UnsupportedOperationException("skeleton: " + key + value.length());
    }
}
