package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ChangeView;
import io.connectctl.manager.api.v1.ServerView;
import java.util.List;

/** How changes of a server are told. */
final class Changes {
    private Changes() {}

    /** {@code DRIFT 2 keys}. */
    static String count(List<ChangeView> changes) {
        return "DRIFT " + changes.size() + (changes.size() == 1 ? " key" : " keys");
    }

    /** Of a server in status: how many, and where to see them. */
    static String drift(ServerView server) {
        return count(server.drift()) + " (connectctl diff " + server.name() + ")";
    }

    /** A line each, and what it takes to have it. */
    static List<String> lines(List<ChangeView> changes) {
        return changes.stream()
                .map(change -> change.text() + (change.restart() ? "  [restart]" : "  [restart, or a live session]"))
                .toList();
    }
}
