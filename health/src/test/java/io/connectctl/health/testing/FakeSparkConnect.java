package io.connectctl.health.testing;

import io.connectctl.health.proto.AddArtifactsRequest;
import io.connectctl.health.proto.AddArtifactsResponse;
import io.connectctl.health.proto.AnalyzePlanRequest;
import io.connectctl.health.proto.AnalyzePlanResponse;
import io.connectctl.health.proto.ArtifactStatusesResponse;
import io.connectctl.health.proto.ConfigRequest;
import io.connectctl.health.proto.ConfigResponse;
import io.connectctl.health.proto.ExecutePlanRequest;
import io.connectctl.health.proto.ExecutePlanResponse;
import io.connectctl.health.proto.KeyValue;
import io.connectctl.health.proto.ReleaseSessionRequest;
import io.connectctl.health.proto.ReleaseSessionResponse;
import io.connectctl.health.proto.SparkConnectServiceGrpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A gRPC server on loopback that has the methods of one Spark version and their side effects on sessions. What it lacks,
 * gRPC itself answers with {@code UNIMPLEMENTED: Method not found}, as on a real server.
 */
public final class FakeSparkConnect implements AutoCloseable {
    /** Which Spark it plays. */
    public enum Dialect {
        /** No traceless call but AddArtifacts. */
        SPARK_3_4,
        /** ArtifactStatus without names is traceless. */
        SPARK_3_5,
        /** ReleaseSession is traceless, ArtifactStatus isn't. */
        SPARK_4,
        /** A gRPC server that isn't Spark Connect. */
        FOREIGN
    }

    private final Server server;
    private final Set<String> sessions = ConcurrentHashMap.newKeySet();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    /** True: the SparkContext is gone, though gRPC answers. */
    public volatile boolean zombie;

    /** True: no caller is allowed anything, as behind a proxy that checks rights. */
    public volatile boolean forbids;

    /** What the trailers of a zombie's errors hold beside the status. */
    public volatile String trailer = "";

    /** True: calls are never answered. */
    public volatile boolean mute;

    /** True: a query fails though the context lives. */
    public volatile boolean queryFails;

    /** What a query answers: rows, one batch each. */
    public volatile int rows = 2;

    /** What a session sees of the configuration. */
    public final Map<String, String> properties = new ConcurrentHashMap<>();

    /** Answer of grpc.health.v1; empty: no such service (fixed at the start). */
    public volatile Optional<HealthCheckResponse.ServingStatus> health;

    private FakeSparkConnect(
            Dialect dialect, Optional<String> token, Optional<HealthCheckResponse.ServingStatus> health) {
        this.health = health;
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .intercept(new Guard(token))
                .addService(service(dialect));
        if (health.isPresent()) {
            builder.addService(new Health());
        }
        this.server = builder.build();
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts a server on a free port of loopback. */
    public static FakeSparkConnect start(Dialect dialect) {
        return new FakeSparkConnect(dialect, Optional.empty(), Optional.empty());
    }

    /** As {@link #start}, wanting a token. */
    public static FakeSparkConnect withToken(String token) {
        return new FakeSparkConnect(Dialect.SPARK_4, Optional.of(token), Optional.empty());
    }

    /** As {@link #start}, with the standard health service, as a Spark after 4.2 may have it. */
    public static FakeSparkConnect withHealth(Dialect dialect, HealthCheckResponse.ServingStatus status) {
        return new FakeSparkConnect(dialect, Optional.empty(), Optional.of(status));
    }

    /** The gRPC port. */
    public int port() {
        return server.getPort();
    }

    /** The sessions that calls left behind. */
    public Set<String> sessions() {
        return Set.copyOf(sessions);
    }

    /** Bare names of the methods called so far, in order, also of those it lacks. */
    public List<String> calls() {
        return List.copyOf(calls);
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private ServerServiceDefinition service(Dialect dialect) {
        if (dialect == Dialect.FOREIGN) {
            return ServerServiceDefinition.builder("example.Foreign").build();
        }
        ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(SparkConnectServiceGrpc.SERVICE_NAME)
                .addMethod(SparkConnectServiceGrpc.getAnalyzePlanMethod(), ServerCalls.asyncUnaryCall(this::analyze))
                .addMethod(SparkConnectServiceGrpc.getConfigMethod(), ServerCalls.asyncUnaryCall(this::config))
                .addMethod(
                        SparkConnectServiceGrpc.getExecutePlanMethod(),
                        ServerCalls.asyncServerStreamingCall(this::execute))
                .addMethod(
                        SparkConnectServiceGrpc.getAddArtifactsMethod(),
                        ServerCalls.asyncClientStreamingCall(this::addArtifacts));
        if (dialect != Dialect.SPARK_3_4) {
            service.addMethod(
                    SparkConnectServiceGrpc.getArtifactStatusMethod(), ServerCalls.asyncUnaryCall((request, answer) -> {
                        if (dialect == Dialect.SPARK_4) {
                            sessions.add(request.getSessionId());
                        }
                        finish(answer, ArtifactStatusesResponse.getDefaultInstance());
                    }));
        }
        if (dialect == Dialect.SPARK_4) {
            service.addMethod(
                    SparkConnectServiceGrpc.getReleaseSessionMethod(), ServerCalls.asyncUnaryCall(this::release));
        }
        return service.build();
    }

    private void release(ReleaseSessionRequest request, StreamObserver<ReleaseSessionResponse> answer) {
        sessions.remove(request.getSessionId());
        finish(
                answer,
                ReleaseSessionResponse.newBuilder()
                        .setSessionId(request.getSessionId())
                        .build());
    }

    private void analyze(AnalyzePlanRequest request, StreamObserver<AnalyzePlanResponse> answer) {
        if (fails(zombie, "Application error processing RPC", answer)) {
            return;
        }
        sessions.add(request.getSessionId());
        if (request.hasExplain()) {
            // As Spark 4.0.1 prints EXPLAIN EXTENDED of unix_millis(current_timestamp()).
            finish(
                    answer,
                    AnalyzePlanResponse.newBuilder()
                            .setExplain(AnalyzePlanResponse.Explain.newBuilder()
                                    .setExplainString("== Optimized Logical Plan ==\nProject ["
                                            + System.currentTimeMillis() + " AS now#1L]\n+- OneRowRelation\n"))
                            .build());
            return;
        }
        finish(
                answer,
                AnalyzePlanResponse.newBuilder()
                        .setSparkVersion(
                                AnalyzePlanResponse.SparkVersion.newBuilder().setVersion("4.0.1"))
                        .build());
    }

    private void config(ConfigRequest request, StreamObserver<ConfigResponse> answer) {
        sessions.add(request.getSessionId());
        ConfigResponse.Builder response = ConfigResponse.newBuilder();
        for (String key : request.getOperation().getGetOption().getKeysList()) {
            KeyValue.Builder pair = KeyValue.newBuilder().setKey(key);
            String value = properties.get(key);
            response.addPairs(value == null ? pair : pair.setValue(value));
        }
        finish(answer, response.build());
    }

    private void execute(ExecutePlanRequest request, StreamObserver<ExecutePlanResponse> answer) {
        if (fails(zombie, "Application error processing RPC", answer)) {
            return;
        }
        sessions.add(request.getSessionId());
        if (fails(queryFails, "no executor took the task", answer)) {
            return;
        }
        for (int row = 0; row < rows; row++) {
            if (!mute) {
                answer.onNext(ExecutePlanResponse.newBuilder()
                        .setArrowBatch(
                                ExecutePlanResponse.ArrowBatch.newBuilder().setRowCount(1))
                        .build());
            }
        }
        if (!mute) {
            answer.onCompleted();
        }
    }

    private StreamObserver<AddArtifactsRequest> addArtifacts(StreamObserver<AddArtifactsResponse> answer) {
        return new StreamObserver<>() {
            @Override
            public void onNext(AddArtifactsRequest request) {
                sessions.add(request.getSessionId());
            }

            @Override
            public void onError(Throwable failure) {
                // The caller went away; nothing is held for it.
            }

            @Override
            public void onCompleted() {
                finish(answer, AddArtifactsResponse.getDefaultInstance());
            }
        };
    }

    private <T> void finish(StreamObserver<T> answer, T value) {
        if (!mute) {
            answer.onNext(value);
            answer.onCompleted();
        }
    }

    private boolean fails(boolean when, String text, StreamObserver<?> answer) {
        if (when) {
            Metadata trailers = new Metadata();
            if (!trailer.isEmpty()) {
                trailers.put(Metadata.Key.of("stacktrace", Metadata.ASCII_STRING_MARSHALLER), trailer);
            }
            answer.onError(Status.UNKNOWN.withDescription(text).asRuntimeException(trailers));
        }
        return when;
    }

    private final class Health extends HealthGrpc.HealthImplBase {
        @Override
        public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> answer) {
            finish(
                    answer,
                    HealthCheckResponse.newBuilder()
                            .setStatus(health.orElseThrow())
                            .build());
        }
    }

    /** Notes each call of a known method and refuses it without the token, as Spark 4 does. */
    private final class Guard implements ServerInterceptor {
        private final Optional<String> token;

        Guard(Optional<String> token) {
            this.token = token;
        }

        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            calls.add(String.valueOf(call.getMethodDescriptor().getBareMethodName()));
            String given = headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER));
            if (forbids) {
                call.close(Status.PERMISSION_DENIED.withDescription("RBAC: access denied"), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            if (token.isPresent() && !("Bearer " + token.get()).equals(given)) {
                call.close(
                        Status.UNAUTHENTICATED.withDescription(
                                given == null ? "No authentication token provided" : "Invalid authentication token"),
                        new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return next.startCall(call, headers);
        }
    }
}
