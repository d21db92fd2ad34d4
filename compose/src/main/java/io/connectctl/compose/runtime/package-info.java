/**
 * Where servers run: launch, halt, find, list, logs, watch. Blocking code without threads of its own, apart from what an engine's own client needs.
 */
@NullMarked
package io.connectctl.compose.runtime;

import org.jspecify.annotations.NullMarked;
