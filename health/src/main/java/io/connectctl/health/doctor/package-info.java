/**
 * Why a Spark Connect URL can't be used, managed server or not: each check of what a client needs, in its order. Blocking code without
 * threads; {@link io.connectctl.health.doctor.Doctor} is where to start.
 */
@NullMarked
package io.connectctl.health.doctor;

import org.jspecify.annotations.NullMarked;
