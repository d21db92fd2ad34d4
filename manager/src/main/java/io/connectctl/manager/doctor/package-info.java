/**
 * Whether this machine can run servers: Java, engine, folders, ports, memory, the cache. Blocking code, run by a process of its own
 * ({@code connectctl doctor}); the examination of a URL is {@code io.connectctl.health.doctor}.
 */
@NullMarked
package io.connectctl.manager.doctor;

import org.jspecify.annotations.NullMarked;
