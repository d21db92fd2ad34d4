/**
 * Stores that fail, for tests of whoever uses a store.
 */
@NullMarked
package io.connectctl.manager.store.testing;

import org.jspecify.annotations.NullMarked;
