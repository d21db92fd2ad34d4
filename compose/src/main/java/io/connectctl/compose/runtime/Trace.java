package io.connectctl.compose.runtime;

import io.connectctl.compose.spec.ServerName;
import java.util.List;

/**
 * What a runtime finds of one server of this installation, whoever knows that server.
 *
 * @param server whose it is, by its place or label
 * @param leased whether it was leased, so that all of it is worth nothing once its lease is over
 * @param running whether an instance runs
 * @param what each thing, in words: {@code container 3f2a (running)}, {@code volume x}, {@code process 4711}, {@code folder /...}
 */
public record Trace(ServerName server, boolean leased, boolean running, List<String> what) {
    public Trace {
        what = List.copyOf(what);
    }
}
