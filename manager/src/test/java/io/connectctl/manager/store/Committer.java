package io.connectctl.manager.store;

import java.nio.file.Path;
import java.util.List;

/** A process that commits without end and prints what was acknowledged, for {@link SqliteStoreTest} to kill. */
final class Committer {
    private Committer() {}

    public static void main(String[] arguments) throws Exception {
        try (SqliteStore store = SqliteStore.open(Path.of(arguments[0]))) {
            for (long i = store.lastSequence() + 1; ; i++) {
                store.commit(
                        StateStoreContract.server(StateStoreContract.SALES, "{\"n\":" + i + "}"),
                        List.of(StateStoreContract.event(StateStoreContract.SALES, "n" + i)));
                System.out.println(i);
                System.out.flush();
            }
        }
    }
}
