/**
 * From a declaration to the files and the launch plan of one server, from templates that no value can break out of.
 */
@NullMarked
package io.connectctl.compose.render;

import org.jspecify.annotations.NullMarked;
