@NullMarked
package io.connectctl.health.doctor;

import org.jspecify.annotations.NullMarked;
