// The addon: Session (bindings/wasm/session.h) as a class of Node-API, with the methods that WebAssembly exports.
//
// A session belongs to the thread of Node that made it, of which there may be any number; nothing is shared between
// them but what never changes: weights that are ready (core/models/shared_weights.h), too. Its methods compute in the
// thread that calls, as those of WebAssembly do.
#include <napi.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "bindings/value/value.h"
#include "bindings/wasm/methods.h"
#include "core/kernels/micro/table.h"

namespace latformer {
namespace {

using Method = std::function<val(Session&, const Napi::CallbackInfo&)>;

// An argument of a method, as it declares it.
template <class Argument>
std::decay_t<Argument> argument(const Napi::CallbackInfo& given, size_t index) {
  if constexpr (std::is_same_v<std::decay_t<Argument>, val>) {
    return val(given[index]);
  } else {
    return val(given[index]).as<std::decay_t<Argument>>();
  }
}

// The methods by name; what list_methods() fills.
class Methods {
 public:
  template <class... Arguments>
  const Methods& function(const char* name, val (Session::*method)(Arguments...)) const {
    methods_[name] = [method](Session& session, const Napi::CallbackInfo& given) {
      return call<Arguments...>(session, method, given, std::index_sequence_for<Arguments...>());
    };
    return *this;
  }
  const std::map<std::string, Method>& all() const { return methods_; }

 private:
  template <class... Arguments, size_t... indices>
  static val call(Session& session, val (Session::*method)(Arguments...), const Napi::CallbackInfo& given,
                  std::index_sequence<indices...>) {
    return (session.*method)(argument<Arguments>(given, indices)...);
  }

  mutable std::map<std::string, Method> methods_;
};

const Methods& methods() {
  static const Methods all = [] {
    Methods made;
    list_methods(made);
    return made;
  }();
  return all;
}

class AddonSession : public Napi::ObjectWrap<AddonSession> {
 public:
  static Napi::Function define(Napi::Env env) {
    std::vector<PropertyDescriptor> properties = {InstanceMethod("close", &AddonSession::close)};
    for (const auto& [name, method] : methods().all()) {
      properties.push_back(
          InstanceMethod(name.c_str(), &AddonSession::run, napi_default, const_cast<Method*>(&method)));
    }
    return DefineClass(env, "Session", properties);
  }

  explicit AddonSession(const Napi::CallbackInfo& given) : ObjectWrap(given), session_(std::in_place) {}
  ~AddonSession() override { give_back(); }

 private:
  Napi::Value run(const Napi::CallbackInfo& given) {
    if (!session_) throw Napi::Error::New(given.Env(), "the session was closed");
    node_environment = given.Env();
    return (*static_cast<const Method*>(given.Data()))(*session_, given).value();
  }

  // The model's memory is given back now, not when JavaScript comes to it.
  void close(const Napi::CallbackInfo&) { give_back(); }

  // glibc keeps what was freed below a block that is in use, which of a model may be half of its weights.
  void give_back() {
    if (!session_) return;
    session_.reset();
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
  }

  std::optional<Session> session_;
};

Napi::Object exports_of(Napi::Env env, Napi::Object exports) {
  const Status choice = kernels::check_choice();
  if (!choice.ok()) throw Napi::Error::New(env, choice.message());
  exports.Set("version", LATFORMER_VERSION);
  exports.Set("Session", AddonSession::define(env));
  return exports;
}

}  // namespace
}  // namespace latformer

static Napi::Object init(Napi::Env env, Napi::Object exports) { return latformer::exports_of(env, exports); }
NODE_API_MODULE(latformer, init)
