/**
 * Fakes of a runtime for what reality can't produce on demand, and the contract that every runtime passes.
 */
@NullMarked
package io.connectctl.compose.runtime.testing;

import org.jspecify.annotations.NullMarked;
