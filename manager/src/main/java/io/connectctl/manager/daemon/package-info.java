/**
 * The composition root: the only place that sees everything and wires it by hand.
 */
@NullMarked
package io.connectctl.manager.daemon;

import org.jspecify.annotations.NullMarked;
