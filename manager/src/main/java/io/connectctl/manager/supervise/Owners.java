package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.process.ProcessIdentity;
import io.connectctl.manager.lease.OwnerProcess;
import java.util.Optional;

/** What is known of the processes that own leases; tests give another one. */
public interface Owners {
    /** The processes of this machine. */
    Owners REAL = new Owners() {
        @Override
        public String boot() {
            return ProcessIdentity.bootId();
        }

        @Override
        public Optional<OwnerProcess> identify(long pid) {
            return ProcessIdentity.of(pid)
                    .map(identity -> new OwnerProcess(identity.pid(), identity.start(), identity.boot()));
        }

        @Override
        public boolean alive(OwnerProcess owner) {
            return new ProcessIdentity(owner.pid(), owner.start(), owner.boot()).alive();
        }
    };

    /** The kernel's boot id. */
    String boot();

    /** The process that has this pid now. */
    Optional<OwnerProcess> identify(long pid);

    /** True while this very process lives. */
    boolean alive(OwnerProcess owner);
}
