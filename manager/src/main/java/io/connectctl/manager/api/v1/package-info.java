/**
 * The records of API version 1 as they travel. Unknown fields are tolerated on read, none is ever a secret.
 */
@NullMarked
package io.connectctl.manager.api.v1;

import org.jspecify.annotations.NullMarked;
