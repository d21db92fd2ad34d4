package io.connectctl.manager.lease;

import java.util.List;
import java.util.Optional;

/**
 * What a step decided.
 *
 * @param ledger as it is to be stored
 * @param effects to be done after that
 * @param lease the lease that a command was about, as it is now; empty where there is no such lease, or it is too late for it
 */
public record LeaseStep(Ledger ledger, List<LeaseEffect> effects, Optional<Lease> lease) {
    public LeaseStep {
        effects = List.copyOf(effects);
    }
}
