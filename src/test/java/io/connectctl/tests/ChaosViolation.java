package io.connectctl.tests;

import java.util.List;

/** Something that must always hold doesn't. */
final class ChaosViolation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final List<String> findings;

    ChaosViolation(String when, List<String> findings) {
        super(when + ":\n  " + String.join("\n  ", findings));
        this.findings = List.copyOf(findings);
    }

    List<String> findings() {
        return findings;
    }
}
