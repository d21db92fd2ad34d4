/**
 * The only client of the local API: light enough for the command line's start-up path.
 */
@NullMarked
package io.connectctl.manager.client;

import org.jspecify.annotations.NullMarked;
