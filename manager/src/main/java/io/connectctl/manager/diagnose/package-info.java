/**
 * From evidence (exit status, log lines, facts of the system) to a cause and its remedy. Never guesses.
 */
@NullMarked
package io.connectctl.manager.diagnose;

import org.jspecify.annotations.NullMarked;
