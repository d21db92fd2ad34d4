package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the start of one incarnation spent its time on. Steps follow each other without a gap; times are seconds since {@code began}.
 *
 * @param complete true once a query was proven
 * @param slowest the name of the step that took longest; null where none is known
 * @param hint what can be done about it
 * @param notes what isn't known, and why
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record TimelineView(
        String server,
        int incarnation,
        String began,
        double totalSeconds,
        boolean complete,
        List<StepView> steps,
        @Nullable String slowest,
        @Nullable String hint,
        List<String> notes) {

    /**
     * One step: {@code resolve}, {@code pull}, {@code create}, {@code jvm}, {@code packages}, {@code SparkContext}, {@code port}, {@code rpc},
     * {@code session} or {@code query}.
     *
     * @param about what it was about; null for nothing
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record StepView(String name, double startSeconds, double seconds, @Nullable String about) {}
}
