/**
 * What {@code connectctl validate} knows beyond the declaration's own rules: Spark's keys by version, and mistakes that Spark
 * itself tells late or never. For the command line and for whoever reads a declaration to start it; {@code spec} doesn't know it.
 */
@NullMarked
package io.connectctl.compose.spec.lint;

import org.jspecify.annotations.NullMarked;
