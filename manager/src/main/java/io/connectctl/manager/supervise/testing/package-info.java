/**
 * Time that tests move by hand.
 */
@NullMarked
package io.connectctl.manager.supervise.testing;

import org.jspecify.annotations.NullMarked;
