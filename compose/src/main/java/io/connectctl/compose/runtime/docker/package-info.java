/**
 * Servers in containers, through the API of a Docker engine (or of Podman, which speaks it too). The only place that knows
 * docker-java. {@link io.connectctl.compose.runtime.docker.DockerRuntime} itself mentions none of its types, so that a command
 * which merely makes a runtime need not have the library on its class path.
 */
@NullMarked
package io.connectctl.compose.runtime.docker;

import org.jspecify.annotations.NullMarked;
