/** The corpus of real failures and the properties of a diagnosis. */
@NullMarked
package io.connectctl.manager.diagnose;

import org.jspecify.annotations.NullMarked;
