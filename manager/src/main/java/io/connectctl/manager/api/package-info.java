/**
 * The local API: its routes as one readable table, and the server behind it.
 */
@NullMarked
package io.connectctl.manager.api;

import org.jspecify.annotations.NullMarked;
