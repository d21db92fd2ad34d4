package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;

/** Finds breaches of one or a few rules in one server's declaration. */
interface Check {
    /** Tells what is wrong with {@code server}. */
    void check(Subject server, Findings findings);
}
