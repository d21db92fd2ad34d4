package io.connectctl.manager.api;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.supervise.ServerStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * When the current incarnation of each server first became HEALTHY. {@link ServerStatus#healthySince} begins anew after
 * every recovery, so the time that a start took must be kept apart from it. Fed with events; thread-safe.
 */
final class StartTimes {
    private record First(int incarnation, Instant healthy) {}

    private final Map<ServerName, First> firsts = new ConcurrentHashMap<>();

    void accept(ServerEvent event) {
        if (event.type().equals("removed")) {
            firsts.remove(event.server());
        } else if (event.phase() == Phase.HEALTHY) {
            First now = new First(event.incarnation(), event.at());
            firsts.merge(event.server(), now, (old, fresh) -> old.incarnation() >= fresh.incarnation() ? old : fresh);
        }
    }

    /** From the launch of the running incarnation to its first HEALTHY; empty before that. */
    Optional<Duration> launchToHealthy(ServerStatus status) {
        if (status.rung().compareTo(Rung.PORT) < 0 || status.startedAt().isEmpty()) {
            return Optional.empty();
        }
        First first = firsts.get(status.spec().name());
        Optional<Instant> healthy = first != null && first.incarnation() == status.incarnation()
                ? Optional.of(first.healthy())
                : status.healthySince();
        return healthy.map(at -> Duration.between(status.startedAt().get(), at)).filter(took -> !took.isNegative());
    }
}
